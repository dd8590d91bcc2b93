//! Which settings of a login go together, and what a host's own login inherits from the common one.

use wsman::Scheme;

use crate::settings::{LoginSettings, PasswordRef, ProofRef};

/// A setting that has no effect because of another setting of the same login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The setting, by its key.
    pub key: &'static str,
    /// Why it has no effect.
    pub why: &'static str,
    /// What to write instead.
    pub next: &'static str,
}

impl LoginSettings {
    /// This login, completed by `below`.
    ///
    /// A password or keytab belongs to its user and is combined with no other. A certificate and a Kerberos server belong to
    /// the schemes that use them. A login with its own user, password or keytab does not inherit the scheme certificate.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        let names_somebody = self.user.is_some() || self.proof.is_some();
        let fits = below.auth != Some(Scheme::Certificate) || !names_somebody;
        let auth = self.auth.or_else(|| below.auth.filter(|_| fits));
        let by_certificate = auth == Some(Scheme::Certificate);
        let undecided = auth.is_none() && fits;
        let user = self.user.clone().or_else(|| below.user.clone().filter(|_| !by_certificate));
        let others = || below.proof.clone().filter(|_| !by_certificate && self.user.is_none());
        let asks_kerberos = asks_kerberos(auth);
        Self {
            user,
            proof: self.proof.clone().or_else(others),
            kdc: self.kdc.clone().or_else(|| below.kdc.clone().filter(|_| asks_kerberos)),
            spn: self.spn.clone().or_else(|| below.spn.clone().filter(|_| asks_kerberos)),
            trust: self.trust.clone().or_else(|| below.trust.clone()),
            certificate: (self.certificate.clone())
                .or_else(|| below.certificate.clone().filter(|_| by_certificate || undecided)),
            auth,
        }
    }

    /// The first setting that does not fit the scheme, if a scheme is named.
    pub fn contradiction(&self) -> Option<Contradiction> {
        let auth = self.auth?;
        if auth == Scheme::Certificate {
            let key = [
                (self.user.is_some(), "user"),
                (self.proof.is_some(), self.proof_key()),
                (self.kdc.is_some(), "kdc"),
                (self.spn.is_some(), "spn"),
            ]
            .into_iter()
            .find_map(|(given, key)| given.then_some(key))?;
            let why = "with the scheme certificate, the host takes the user from the certificate";
            return Some(Contradiction { key, why, next: "leave it out, or choose another scheme" });
        }
        if self.certificate.is_some() {
            let why = "only the scheme certificate uses it";
            return Some(Contradiction {
                key: "certificate",
                why,
                next: "choose the scheme certificate, or leave it out",
            });
        }
        if asks_kerberos(Some(auth)) {
            return None;
        }
        let next = "leave the scheme out, or use kerberos; NTLM and Basic need a password";
        if matches!(self.proof, Some(ProofRef::Keytab(_))) {
            return Some(Contradiction { key: "keytab", why: "a keytab works with Kerberos only", next });
        }
        let next = "leave it out, or choose auto, negotiate or kerberos";
        if self.spn.is_some() {
            return Some(Contradiction { key: "spn", why: "only Kerberos uses the host's name in Kerberos", next });
        }
        self.kdc.is_some().then_some(Contradiction { key: "kdc", why: "this scheme uses no Kerberos server", next })
    }

    /// Whether a text can be a service principal name: `CLASS/NAME`.
    pub fn is_spn(text: &str) -> bool {
        let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '\\' | '/');
        let is_part = |part: &str| !part.is_empty() && part.chars().all(allowed);
        text.split_once('/').is_some_and(|(class, name)| is_part(class) && is_part(name))
    }

    fn proof_key(&self) -> &'static str {
        match &self.proof {
            Some(ProofRef::Password(PasswordRef::File(_))) | None => "password_file",
            Some(ProofRef::Password(PasswordRef::Credential(_))) => "password_credential",
            Some(ProofRef::Keytab(_)) => "keytab",
        }
    }
}

fn asks_kerberos(auth: Option<Scheme>) -> bool {
    matches!(auth, None | Some(Scheme::Auto | Scheme::Negotiate | Scheme::Kerberos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CertificateRef;

    /// A login of these words: `user=`, `file=`, `keytab=`, `auth=`, `kdc=`, `spn=` and `cert=`.
    fn login(text: &str) -> LoginSettings {
        let mut login = LoginSettings::default();
        for word in text.split_whitespace() {
            let (key, value) = word.split_once('=').unwrap();
            let own = value.to_owned();
            match key {
                "user" => login.user = Some(own),
                "file" => login.proof = Some(ProofRef::Password(PasswordRef::File(own))),
                "keytab" => login.proof = Some(ProofRef::Keytab(own)),
                "auth" => login.auth = Some(own.parse().unwrap()),
                "kdc" => login.kdc = Some(own),
                "spn" => login.spn = Some(own),
                "cert" => login.certificate = Some(CertificateRef { certificate: own.clone(), key: own }),
                other => panic!("{other}"),
            }
        }
        login
    }

    #[test]
    fn a_proof_goes_with_its_own_user_and_with_no_other() {
        for (own, below, joined) in [
            ("", "user=a file=p", "user=a file=p"),
            ("user=b file=q", "user=a file=p", "user=b file=q"),
            ("user=b", "user=a file=p", "user=b"),
            ("user=b", "user=a keytab=p", "user=b"),
            ("file=q", "user=a keytab=p", "user=a file=q"),
            ("auth=ntlm", "user=a file=p auth=kerberos", "user=a file=p auth=ntlm"),
        ] {
            assert_eq!(login(own).over(&login(below)), login(joined), "{own} over {below}");
        }
    }

    #[test]
    fn a_certificate_and_a_kerberos_server_go_with_their_schemes() {
        for (own, below, joined) in [
            ("", "auth=certificate cert=c", "auth=certificate cert=c"),
            ("cert=d", "auth=certificate cert=c", "auth=certificate cert=d"),
            // A host with its own login does not use the common certificate.
            ("user=b file=q", "auth=certificate cert=c", "user=b file=q"),
            ("file=q", "auth=certificate cert=c", "file=q"),
            ("auth=negotiate user=b file=q", "auth=certificate cert=c", "auth=negotiate user=b file=q"),
            ("auth=certificate cert=c", "user=a file=p kdc=k", "auth=certificate cert=c"),
            ("auth=ntlm", "user=a file=p kdc=k", "auth=ntlm user=a file=p"),
            ("auth=kerberos", "user=a file=p kdc=k", "auth=kerberos user=a file=p kdc=k"),
        ] {
            assert_eq!(login(own).over(&login(below)), login(joined), "{own} over {below}");
        }
        // The scheme may come from below the login that the certificate comes from.
        let host = login("").over(&login("cert=d"));
        assert_eq!(host.over(&login("auth=certificate cert=c")), login("auth=certificate cert=d"));
    }

    #[test]
    fn a_service_principal_name_is_a_class_and_a_name() {
        for text in ["HTTP/hv01.lab.test", "WSMAN/hv01", "HTTP/hv01:5985"] {
            assert!(LoginSettings::is_spn(text), "{text}");
        }
        for text in ["", "hv01", "HTTP/", "/hv01", "HTTP/hv 01", "HTTP/hv01@LAB.TEST", "HTTP/hv01/x"] {
            assert!(!LoginSettings::is_spn(text), "{text}");
        }
    }

    #[test]
    fn what_would_do_nothing_is_named() {
        for (text, key) in [
            ("auth=certificate cert=c user=a", Some("user")),
            ("auth=certificate cert=c file=p", Some("password_file")),
            ("auth=certificate cert=c keytab=p", Some("keytab")),
            ("auth=certificate cert=c kdc=k", Some("kdc")),
            ("auth=negotiate cert=c", Some("certificate")),
            ("auth=basic keytab=k", Some("keytab")),
            ("auth=ntlm keytab=k", Some("keytab")),
            ("auth=basic kdc=k", Some("kdc")),
            ("auth=ntlm kdc=k", Some("kdc")),
            ("auth=ntlm spn=s", Some("spn")),
            ("auth=certificate cert=c spn=s", Some("spn")),
            ("auth=kerberos user=a file=p spn=s", None),
            ("auth=auto user=a keytab=p kdc=k", None),
            ("auth=negotiate user=a file=p kdc=k", None),
            ("auth=kerberos user=a file=p kdc=k", None),
            ("auth=certificate cert=c", None),
            // Another login may still name the scheme.
            ("cert=c", None),
            ("user=a kdc=k", None),
        ] {
            assert_eq!(login(text).contradiction().map(|found| found.key), key, "{text}");
        }
    }
}
