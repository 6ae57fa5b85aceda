//! Function types of a component's exports, and functions of the interfaces that it imports: tracks its index spaces of
//! types and functions as far as needed.

use std::sync::Arc;

use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentDefinedType, ComponentExport, ComponentExternalKind,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, ComponentValType, InstanceTypeDeclaration, Payload,
    PrimitiveValType, Result,
};

use wasmlab_model::facts::Signature;

use crate::types::TextBudget;

/// The items to which the indices of one component refer. Entries that are not needed are kept as placeholders, because
/// they count.
#[derive(Default)]
pub struct Component {
    types: Vec<Type>,
    functions: Vec<Option<Arc<Signature>>>,
    text: TextBudget,
}

/// Shared: a hundred thousand items of a small file may refer to one long type.
#[derive(Clone)]
enum Type {
    /// A value type, by name.
    Value(Arc<str>),
    Function(Arc<Signature>),
    /// An instance type, with the names of its functions.
    Instance(Arc<[String]>),
    Other,
}

impl Component {
    /// Reads one of the component's sections. An export also adds an entry to the index space of its kind.
    ///
    /// # Errors
    /// If the section is malformed.
    pub fn section(&mut self, payload: &Payload) -> Result<()> {
        match payload {
            Payload::ComponentTypeSection(types) => {
                types.clone().into_iter().try_for_each(|ty| ty.map(|ty| self.add_type(&ty)))
            }
            Payload::ComponentImportSection(imports) => {
                imports.clone().into_iter().try_for_each(|import| import.map(|import| self.refer(&import.ty)))
            }
            Payload::ComponentCanonicalSection(functions) => {
                functions.clone().into_iter().try_for_each(|function| function.map(|function| self.lift(&function)))
            }
            Payload::ComponentAliasSection(aliases) => {
                aliases.clone().into_iter().try_for_each(|alias| alias.map(|alias| self.alias(&alias)))
            }
            Payload::ComponentExportSection(exports) => {
                exports.clone().into_iter().try_for_each(|export| export.map(|export| self.export(&export)))
            }
            _ => Ok(()),
        }
    }

    /// The type of an exported function; `None` if it is not known, or if writing it out would exceed the limit on text.
    pub fn signature(&self, export: &ComponentExport) -> Option<Signature> {
        let signature = self.exported(export)?;
        let names = || signature.params.iter().chain(&signature.results);
        self.text.allows(names().count(), names().map(String::len).sum()).then(|| signature.as_ref().clone())
    }

    fn exported(&self, export: &ComponentExport) -> Option<Arc<Signature>> {
        match (export.kind, &export.ty) {
            (ComponentExternalKind::Func, Some(ComponentTypeRef::Func(ty))) => self.function_type(*ty),
            (ComponentExternalKind::Func, _) => self.functions.get(export.index as usize).cloned().flatten(),
            _ => None,
        }
    }

    /// The functions of an imported instance; none if it is something else, or if listing them would exceed the limit on
    /// text.
    pub fn functions_of(&self, import: &ComponentTypeRef) -> Vec<String> {
        let ComponentTypeRef::Instance(ty) = import else { return Vec::new() };
        let Some(Type::Instance(functions)) = self.types.get(*ty as usize) else { return Vec::new() };
        let is_allowed = self.text.allows(functions.len(), functions.iter().map(String::len).sum());
        if is_allowed { functions.to_vec() } else { Vec::new() }
    }

    fn function_type(&self, index: u32) -> Option<Arc<Signature>> {
        match self.types.get(index as usize) {
            Some(Type::Function(signature)) => Some(signature.clone()),
            _ => None,
        }
    }

    fn add_type(&mut self, ty: &ComponentType) {
        let ty = match ty {
            ComponentType::Func(ty) => Type::Function(Arc::new(Signature {
                params: ty.params.iter().map(|(_, ty)| self.name(ty)).collect(),
                results: ty.result.iter().map(|ty| self.name(ty)).collect(),
            })),
            ComponentType::Defined(ComponentDefinedType::Primitive(ty)) => Type::Value(primitive(*ty).into()),
            ComponentType::Defined(ty) => Type::Value(defined(ty).into()),
            ComponentType::Instance(declarations) => Type::Instance(functions(declarations).into()),
            _ => Type::Other,
        };
        self.types.push(ty);
    }

    fn refer(&mut self, ty: &ComponentTypeRef) {
        match ty {
            ComponentTypeRef::Func(ty) => self.functions.push(self.function_type(*ty)),
            ComponentTypeRef::Type(_) => self.types.push(Type::Other),
            _ => {}
        }
    }

    fn lift(&mut self, function: &CanonicalFunction) {
        if let CanonicalFunction::Lift { type_index, .. } = function {
            self.functions.push(self.function_type(*type_index));
        }
    }

    fn alias(&mut self, alias: &ComponentAlias) {
        match alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, .. } => self.functions.push(None),
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Type, .. }
            | ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, .. } => self.types.push(Type::Other),
            _ => {}
        }
    }

    fn export(&mut self, export: &ComponentExport) {
        match export.kind {
            ComponentExternalKind::Func => self.functions.push(self.exported(export)),
            ComponentExternalKind::Type => {
                self.types.push(self.types.get(export.index as usize).cloned().unwrap_or(Type::Other));
            }
            _ => {}
        }
    }

    fn name(&self, ty: &ComponentValType) -> String {
        match ty {
            ComponentValType::Primitive(ty) => primitive(*ty),
            ComponentValType::Type(index) => match self.types.get(*index as usize) {
                Some(Type::Value(name)) => name.to_string(),
                _ => "a type of its own".to_owned(),
            },
        }
    }
}

fn functions(declarations: &[InstanceTypeDeclaration]) -> Vec<String> {
    let function = |declaration: &InstanceTypeDeclaration| match declaration {
        InstanceTypeDeclaration::Export { name, ty: ComponentTypeRef::Func(_) } => Some(name.name.to_owned()),
        _ => None,
    };
    declarations.iter().filter_map(function).collect()
}

fn primitive(ty: PrimitiveValType) -> String {
    ty.to_string()
}

/// The kind of a composite type, without its contents: `record`, `list`, `own`.
fn defined(ty: &ComponentDefinedType) -> String {
    let text = format!("{ty:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase()
}
