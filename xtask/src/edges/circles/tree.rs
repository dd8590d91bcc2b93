//! The modules of one crate and who uses whom.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{self, Contents, Import, Mention};

/// Longest chain of imports that is followed; a longer one leads in a circle itself.
const CHAIN_MAX: usize = 16;

/// A crate's sources: the path below its `src`, with `/`, and the text.
pub(super) type Sources = BTreeMap<String, String>;

/// One module.
#[derive(Debug)]
pub(super) struct Module {
    /// `crate` for the top, else the path below it, such as `wmi::vm`.
    pub(super) name: String,
    /// The path of its file below `src`.
    pub(super) file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    contents: Contents,
}

/// Where a use of another module stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) file: String,
    pub(super) line: usize,
}

/// Where a module stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    file: &'a str,
    /// Where the files of its children are, with a `/` at its end unless it is `src` itself.
    folder: &'a str,
    parent: Option<usize>,
}

/// All modules that hang below one top, each by its number.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
}

/// Whether what is looked up is named by a plain module path or by what that module has imported.
enum Found {
    /// The module itself, or something that it defines.
    Module { module: usize, is_itself: bool },
    /// Something of another crate, or nothing that is known.
    Outside,
}

impl Tree {
    /// Reads what `top` (such as `lib.rs`) declares and what that declares.
    pub(super) fn read(top: &str, sources: &Sources) -> Self {
        let mut tree = Self { modules: Vec::new() };
        let contents = sources.get(top).map(|text| file::read(text)).unwrap_or_default();
        tree.add(Place { name: "crate", file: top, folder: "", parent: None }, contents, sources);
        tree
    }

    /// Adds a module with all below it and gives its number.
    fn add(&mut self, place: Place<'_>, mut contents: Contents, sources: &Sources) -> usize {
        let Place { name, file, folder, parent } = place;
        let number = self.modules.len();
        let inline = std::mem::take(&mut contents.inline);
        let declared = std::mem::take(&mut contents.declared);
        let below = |child: &str| if parent.is_none() { child.to_owned() } else { format!("{name}::{child}") };
        let children = BTreeMap::new();
        self.modules.push(Module { name: name.to_owned(), file: file.to_owned(), parent, children, contents });
        let mut children = BTreeMap::new();
        for (child, contents) in inline {
            let (name, folder) = (below(&child), format!("{folder}{child}/"));
            let place = Place { name: &name, file, folder: &folder, parent: Some(number) };
            children.insert(child, self.add(place, contents, sources));
        }
        for child in declared {
            let paths = [format!("{folder}{child}.rs"), format!("{folder}{child}/mod.rs")];
            let Some((path, text)) = paths.iter().find_map(|path| sources.get_key_value(path)) else { continue };
            let (name, folder) = (below(&child), format!("{folder}{child}/"));
            let place = Place { name: &name, file: path, folder: &folder, parent: Some(number) };
            children.insert(child, self.add(place, file::read(text), sources));
        }
        if let Some(module) = self.modules.get_mut(number) {
            module.children = children;
        }
        number
    }

    /// Who uses whom: for each module those that it names, with the first place where it does.
    pub(super) fn edges(&self) -> Vec<BTreeMap<usize, Edge>> {
        (0..self.modules.len()).map(|number| self.edges_of(number)).collect()
    }

    fn edges_of(&self, from: usize) -> BTreeMap<usize, Edge> {
        let mut edges = BTreeMap::new();
        let Some(module) = self.modules.get(from) else { return edges };
        let mut add = |to: Option<usize>, line: usize| {
            if let Some(to) = to.filter(|to| *to != from) {
                let edge = Edge { file: module.file.clone(), line };
                let first: &mut Edge = edges.entry(to).or_insert_with(|| edge.clone());
                if edge.line < first.line {
                    *first = edge;
                }
            }
        };
        for import in &module.contents.imports {
            let to = self.used(from, &import.path, import.name.is_none());
            // Showing what one's own children have is no use of it.
            let shows_a_child = import.is_public && to.is_some_and(|to| self.is_below(to, from));
            if !shows_a_child {
                add(to, import.line);
            }
        }
        for Mention { path, line } in &module.contents.paths {
            add(self.used(from, path, false), *line);
        }
        let shown: BTreeMap<&str, &Import> = module
            .contents
            .imports
            .iter()
            .filter(|import| import.is_public)
            .filter_map(|import| Some((import.name.as_deref()?, import)))
            .collect();
        for Mention { path, line } in &module.contents.names {
            let import = path.first().and_then(|name| shown.get(name.as_str()));
            if let Some(import) = import {
                add(self.used(from, &import.path, false), *line);
            }
        }
        edges
    }

    /// The module of which `path` names something. Bringing in a module's own name is no use yet: the paths that begin with
    /// it are; with a glob all that it has is used.
    fn used(&self, from: usize, path: &[String], is_glob: bool) -> Option<usize> {
        match self.find(from, path, CHAIN_MAX) {
            Found::Module { module, is_itself } => (is_glob || !is_itself).then_some(module),
            Found::Outside => None,
        }
    }

    fn is_below(&self, module: usize, above: usize) -> bool {
        let mut parents = BTreeSet::new();
        let mut parent = self.modules.get(module).and_then(|module| module.parent);
        while let Some(number) = parent.filter(|number| parents.insert(*number)) {
            parent = self.modules.get(number).and_then(|module| module.parent);
        }
        parents.contains(&above)
    }

    /// What `path`, as it stands in the module `from`, leads to.
    fn find(&self, from: usize, path: &[String], chain_left: usize) -> Found {
        let Some(first) = path.first() else { return Found::Outside };
        let parent = |module: usize| self.modules.get(module).and_then(|module| module.parent);
        match first.as_str() {
            "crate" => self.below(0, path.get(1..).unwrap_or_default(), chain_left),
            "self" | "super" => {
                let mut module = from;
                let mut rest = path;
                while let Some((part, after)) = rest.split_first() {
                    match part.as_str() {
                        "self" => {}
                        "super" => module = parent(module).unwrap_or(module),
                        _ => break,
                    }
                    rest = after;
                }
                self.below(module, rest, chain_left)
            }
            _ => self.named_here(from, path, chain_left),
        }
    }

    /// A path that begins with a name which stands in `from`: one of its children, or what it imports. Else it begins with
    /// another crate, a local name or a type's.
    fn named_here(&self, from: usize, path: &[String], chain_left: usize) -> Found {
        let (Some(module), Some((first, rest))) = (self.modules.get(from), path.split_first()) else {
            return Found::Outside;
        };
        if let Some(child) = module.children.get(first) {
            return self.below(*child, rest, chain_left);
        }
        self.imported(from, first, rest, chain_left).unwrap_or(Found::Outside)
    }

    /// What `module` imports under `name`, and the path behind it.
    fn imported(&self, module: usize, name: &str, rest: &[String], chain_left: usize) -> Option<Found> {
        let chain_left = chain_left.checked_sub(1)?;
        let imports = &self.modules.get(module)?.contents.imports;
        let import = imports.iter().find(|import| import.name.as_deref() == Some(name))?;
        if import.path.first().is_some_and(|first| first == name) && import.path.len() == 1 {
            return Some(Found::Outside); // `use outside;`
        }
        let path: Vec<String> = import.path.iter().chain(rest).cloned().collect();
        Some(self.find(module, &path, chain_left))
    }

    fn below(&self, module: usize, path: &[String], chain_left: usize) -> Found {
        let here = Found::Module { module, is_itself: path.is_empty() };
        let (Some(content), Some((first, rest))) = (self.modules.get(module), path.split_first()) else { return here };
        if let Some(child) = content.children.get(first) {
            return self.below(*child, rest, chain_left);
        }
        if content.contents.defined.contains(first) {
            return here;
        }
        if let Some(found) = self.imported(module, first, rest, chain_left) {
            return found;
        }
        self.through_globs(module, path, chain_left).unwrap_or(here)
    }

    /// A name that one of the module's globs brings in.
    fn through_globs(&self, module: usize, path: &[String], chain_left: usize) -> Option<Found> {
        let chain_left = chain_left.checked_sub(1)?;
        let first = path.first()?;
        let globs = self.modules.get(module)?.contents.imports.iter().filter(|import| import.name.is_none());
        for glob in globs {
            let Found::Module { module: source, .. } = self.find(module, &glob.path, chain_left) else { continue };
            let has = self.modules.get(source).is_some_and(|source| {
                let imports = &source.contents.imports;
                source.contents.defined.contains(first)
                    || source.children.contains_key(first)
                    || imports.iter().any(|import| import.name.as_deref() == Some(first))
            });
            if has && source != module {
                return Some(self.below(source, path, chain_left));
            }
        }
        None
    }
}
