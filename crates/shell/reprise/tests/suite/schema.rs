//! Two readings of one reference: what the client reads and writes must exist in the lab's schema, with that type.

#[test]
fn every_property_that_is_read_or_written_exists_in_the_labs_schema_with_that_type() {
    let mut uses = reprise_hyperv::class::properties();
    uses.extend(reprise_hyperv::examine::properties());
    assert!(uses.len() > 40);
    for used in uses {
        let class = reprise_lab::schema::class(used.namespace, used.class).unwrap_or_else(|| panic!("{}", used.class));
        let property = class.property(used.property).unwrap_or_else(|| panic!("{}.{}", used.class, used.property));
        assert_eq!(property.kind, used.kind, "{}.{}", used.class, used.property);
    }
}
