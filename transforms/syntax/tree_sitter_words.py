"""What the grammars of tree-sitter call things: a table a language.

The names are those of the grammars (`node-types.json` in each of https://github.com/tree-sitter).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    ENUM,
    FIELD,
    FUNCTION,
    INTERFACE,
    LAMBDA,
    METHOD,
    MODULE,
    NAMESPACE,
    STRUCT,
    TYPE,
)

EXTENDS = "extends"
IMPLEMENTS = "implements"
CALLED = "()"
ITEM = "[]"

_NONE: frozenset[str] = frozenset()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


class Link(NamedTuple):
    """A node of which a dotted name is made: what is inside it, then its own name, then a mark.

    Both are names of fields, of which the first that is there counts; in C# also kinds of what is
    in no field. A node without any field at all has its first child inside, and for a name its
    last.
    """

    inner: tuple[str, ...]
    name: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Words:
    """The kinds of nodes of one language that mean something.

    Attributes:
        symbols: What defines a symbol by its field `name`.
        fields: What defines a field a name.
        variables: Python's: what assigns, in a class or a module.
        declared: C's: what defines a symbol that is named somewhere in its declarator.
        packages: What names the package of all that follows.
        bodied: Of `symbols`, what only mentions one unless it has a `body`.
        values: What gives its name to the function that is its value, as does JavaScript's `const`.
        names: Leaves that are names.
        links: Of what dotted names are made; a link marked `()` is a call.
        imports: What imports.
        bases: Lists of what a class extends or implements.
        branches: What adds one to the complexity.
        cases: What does unless it is the default.
        with_else: Loops and the like whose `else` adds one.
        operators: What holds `&&`, `||`, `??`, `and`, `or`, each of which adds one.
        nests: Control structures.
        parameters: Lists of parameters.
        not_parameters: What stands in them beside parameters.
        returns: Fields in which a declared type stands.
        comments: Comments; documentation where they precede a symbol.
        attached: What may stand between the comment and its symbol.
        modifiers: Children of a definition that hold words such as `static`.
        visibility: Of what says nothing itself.
    """

    symbols: Mapping[str, str]
    names: frozenset[str]
    links: Mapping[str, Link]
    imports: frozenset[str]
    branches: frozenset[str]
    nests: frozenset[str]
    fields: frozenset[str] = _NONE
    variables: frozenset[str] = _NONE
    declared: frozenset[str] = _NONE
    packages: frozenset[str] = _NONE
    bodied: frozenset[str] = _NONE
    values: Mapping[str, Link] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    cases: frozenset[str] = _NONE
    with_else: frozenset[str] = _NONE
    operators: frozenset[str] = _set("binary_expression")
    parameters: frozenset[str] = _set("formal_parameters")
    not_parameters: frozenset[str] = _NONE
    returns: tuple[str, ...] = ()
    comments: frozenset[str] = _set("comment")
    attached: frozenset[str] = _NONE
    modifiers: frozenset[str] = _NONE
    visibility: str = ""


_THROUGH = Link(())  # adds nothing: parentheses, `await`
_ALWAYS_NAMES = _set("identifier this super self base crate")
_C_LOOPS = _set("for_statement while_statement do_statement")

PYTHON = Words(
    symbols={"function_definition": FUNCTION, "class_definition": CLASS, "lambda": LAMBDA},
    names=_set("identifier"),
    links={
        "attribute": Link(("object",), ("attribute",)),
        "call": Link(("function",), mark=CALLED),
        "subscript": Link(("value",), mark=ITEM),
        "parenthesized_expression": _THROUGH,
    },
    imports=_set("import_statement import_from_statement future_import_statement"),
    variables=_set("assignment"),
    bases={"argument_list": EXTENDS},
    branches=_set(
        "if_statement elif_clause for_statement while_statement except_clause except_group_clause "
        "conditional_expression assert_statement for_in_clause if_clause"
    ),
    nests=_set("if_statement for_statement while_statement try_statement match_statement"),
    cases=_set("case_clause"),
    with_else=_set("for_statement while_statement try_statement"),
    operators=_set("boolean_operator"),
    parameters=_set("parameters lambda_parameters"),
    returns=("return_type", "type"),
    comments=_NONE,  # its documentation is the first string of the body
)

JAVASCRIPT = Words(
    symbols={
        "function_declaration": FUNCTION,
        "generator_function_declaration": FUNCTION,
        "function_expression": LAMBDA,
        "generator_function": LAMBDA,
        "function": LAMBDA,  # older grammars
        "arrow_function": LAMBDA,
        "class_declaration": CLASS,
        "class": CLASS,
        "method_definition": METHOD,
    },
    names=_ALWAYS_NAMES | {"property_identifier", "private_property_identifier", "import"},
    links={
        "member_expression": Link(("object",), ("property",)),
        "call_expression": Link(("function",), mark=CALLED),
        "new_expression": Link(("constructor",), mark=CALLED),
        "subscript_expression": Link(("object",), mark=ITEM),
        "parenthesized_expression": _THROUGH,
    },
    imports=_set("import_statement export_statement"),
    fields=_set("field_definition"),
    values={
        "variable_declarator": Link(("value",), ("name",)),
        "assignment_expression": Link(("right",), ("left",)),
        "pair": Link(("value",), ("key",)),
        "field_definition": Link(("value",), ("property",)),
    },
    bases={"class_heritage": EXTENDS},
    branches=_set("if_statement ternary_expression for_in_statement catch_clause") | _C_LOOPS,
    nests=_set("if_statement for_in_statement try_statement switch_statement") | _C_LOOPS,
    cases=_set("switch_case"),
    returns=("return_type", "type"),
    attached=_set("decorator"),
    modifiers=_set("accessibility_modifier override_modifier"),
)

TYPESCRIPT = replace(
    JAVASCRIPT,
    symbols={
        **JAVASCRIPT.symbols,
        "abstract_class_declaration": CLASS,
        "interface_declaration": INTERFACE,
        "enum_declaration": ENUM,
        "type_alias_declaration": TYPE,
        "internal_module": NAMESPACE,
        "module": MODULE,
        "function_signature": FUNCTION,
        "method_signature": METHOD,
        "abstract_method_signature": METHOD,
    },
    names=JAVASCRIPT.names | {"type_identifier"},
    links={
        **JAVASCRIPT.links,
        "non_null_expression": _THROUGH,
        "instantiation_expression": _THROUGH,
        "generic_type": Link(("name",)),
        "nested_type_identifier": Link(("module",), ("name",)),
        "nested_identifier": Link(("object",), ("property",)),
    },
    fields=JAVASCRIPT.fields | {"public_field_definition", "property_signature"},
    values={**JAVASCRIPT.values, "public_field_definition": Link(("value",), ("name",))},
    bases={
        **JAVASCRIPT.bases,
        "extends_clause": EXTENDS,
        "implements_clause": IMPLEMENTS,
        "extends_type_clause": EXTENDS,
    },
)
TYPESCRIPT_ONLY = _set(
    "abstract_class_declaration accessibility_modifier ambient_declaration enum_declaration "
    "import_require_clause interface_declaration internal_module optional_parameter "
    "public_field_definition required_parameter type_alias_declaration type_annotation "
    "type_arguments type_identifier"
)

JAVA = Words(
    symbols={
        "class_declaration": CLASS,
        "record_declaration": CLASS,
        "interface_declaration": INTERFACE,
        "annotation_type_declaration": INTERFACE,
        "enum_declaration": ENUM,
        "method_declaration": METHOD,
        "annotation_type_element_declaration": METHOD,
        "constructor_declaration": CONSTRUCTOR,
        "compact_constructor_declaration": CONSTRUCTOR,
        "lambda_expression": LAMBDA,
    },
    names=_ALWAYS_NAMES | {"type_identifier"},
    links={
        "method_invocation": Link(("object",), ("name",), CALLED),
        "object_creation_expression": Link(("type",), mark=CALLED),
        "explicit_constructor_invocation": Link(("constructor",), mark=CALLED),
        "field_access": Link(("object",), ("field",)),
        "array_access": Link(("array",), mark=ITEM),
        "scoped_identifier": Link(("scope",), ("name",)),
        "scoped_type_identifier": Link((), ("name",)),
        "generic_type": _THROUGH,
        "parenthesized_expression": _THROUGH,
    },
    imports=_set("import_declaration"),
    packages=_set("package_declaration"),
    fields=_set("field_declaration constant_declaration"),
    bases={"superclass": EXTENDS, "super_interfaces": IMPLEMENTS, "extends_interfaces": EXTENDS},
    branches=_set(
        "if_statement ternary_expression enhanced_for_statement catch_clause assert_statement"
    )
    | _C_LOOPS,
    nests=_set(
        "if_statement enhanced_for_statement try_statement try_with_resources_statement "
        "switch_expression switch_statement"
    )
    | _C_LOOPS,
    cases=_set("switch_label"),
    parameters=_set("formal_parameters inferred_parameters"),
    not_parameters=_set("receiver_parameter"),
    returns=("type",),
    comments=_set("line_comment block_comment comment"),
    modifiers=_set("modifiers"),
    visibility="package",
)

GO = Words(
    symbols={
        "function_declaration": FUNCTION,
        "method_declaration": METHOD,
        "method_elem": METHOD,
        "method_spec": METHOD,  # older grammars
        "func_literal": LAMBDA,
        "type_spec": TYPE,
        "type_alias": TYPE,
    },
    names=_set("identifier field_identifier type_identifier package_identifier"),
    links={
        "call_expression": Link(("function",), mark=CALLED),
        "selector_expression": Link(("operand",), ("field",)),
        "index_expression": Link(("operand",), mark=ITEM),
        "type_instantiation_expression": Link(("type",)),
        "qualified_type": Link(("package",), ("name",)),
        "generic_type": Link(("type",)),
        "pointer_type": _THROUGH,
        "parenthesized_expression": _THROUGH,
    },
    imports=_set("import_spec"),
    packages=_set("package_clause"),
    fields=_set("field_declaration"),
    bases={"type_elem": EXTENDS, "constraint_elem": EXTENDS},
    branches=_set("if_statement for_statement expression_case type_case communication_case"),
    nests=_set(
        "if_statement for_statement expression_switch_statement type_switch_statement "
        "select_statement"
    ),
    parameters=_set("parameter_list"),
    returns=("result", "type"),
)

RUST = Words(
    symbols={
        "function_item": FUNCTION,
        "function_signature_item": FUNCTION,
        "closure_expression": LAMBDA,
        "struct_item": STRUCT,
        "union_item": STRUCT,
        "enum_item": ENUM,
        "trait_item": INTERFACE,
        "type_item": TYPE,
        "mod_item": MODULE,
    },
    bodied=_set("mod_item"),
    names=_ALWAYS_NAMES | {"type_identifier", "field_identifier", "primitive_type"},
    links={
        "call_expression": Link(("function",), mark=CALLED),
        "field_expression": Link(("value",), ("field",)),
        "scoped_identifier": Link(("path",), ("name",)),
        "scoped_type_identifier": Link(("path",), ("name",)),
        "index_expression": Link((), mark=ITEM),
        "generic_function": Link(("function",)),
        "generic_type": Link(("type",)),
        "try_expression": _THROUGH,
        "await_expression": _THROUGH,
        "parenthesized_expression": _THROUGH,
    },
    imports=_set("use_declaration mod_item extern_crate_declaration"),
    fields=_set("field_declaration"),
    bases={"trait_bounds": EXTENDS},
    branches=_set("if_expression while_expression loop_expression for_expression"),
    nests=_set("if_expression while_expression loop_expression for_expression match_expression"),
    cases=_set("match_arm"),
    operators=_set("binary_expression let_chain"),
    parameters=_set("parameters closure_parameters"),
    not_parameters=_set("attribute_item"),
    returns=("return_type", "type"),
    comments=_set("line_comment block_comment"),
    attached=_set("attribute_item"),
    modifiers=_set("visibility_modifier function_modifiers"),
)

C = Words(
    symbols={"struct_specifier": STRUCT, "union_specifier": STRUCT, "enum_specifier": ENUM},
    declared=_set("function_definition declaration field_declaration type_definition"),
    bodied=_set("struct_specifier union_specifier enum_specifier class_specifier"),
    names=_set("identifier field_identifier type_identifier primitive_type"),
    links={
        "call_expression": Link(("function",), mark=CALLED),
        "field_expression": Link(("argument",), ("field",)),
        "subscript_expression": Link(("argument",), mark=ITEM),
        "pointer_expression": Link(("argument",)),
        "parenthesized_expression": _THROUGH,
    },
    imports=_set("preproc_include"),
    branches=_set("if_statement conditional_expression") | _C_LOOPS,
    nests=_set("if_statement switch_statement") | _C_LOOPS,
    cases=_set("case_statement"),
    parameters=_set("parameter_list"),
    returns=("type",),
    modifiers=_set("storage_class_specifier virtual"),
)

CPP = replace(
    C,
    symbols={
        **C.symbols,
        "class_specifier": CLASS,
        "namespace_definition": NAMESPACE,
        "alias_declaration": TYPE,
        "lambda_expression": LAMBDA,
    },
    names=C.names
    | _ALWAYS_NAMES
    | {"namespace_identifier", "destructor_name", "operator_name", "operator_cast"},
    links={
        **C.links,
        "new_expression": Link(("type",), mark=CALLED),
        "qualified_identifier": Link(("scope",), ("name",)),
        "nested_namespace_specifier": Link((), ("name",)),
        "template_function": Link(("name",)),
        "template_method": Link(("name",)),
        "template_type": Link(("name",)),
    },
    imports=C.imports | {"using_declaration"},
    bases={"base_class_clause": EXTENDS},
    branches=C.branches | {"for_range_loop", "catch_clause"},
    nests=C.nests | {"for_range_loop", "try_statement"},
)
CPP_ONLY = _set(
    "access_specifier alias_declaration auto class_specifier delete_expression lambda_expression "
    "namespace_definition new_expression noexcept operator_name qualified_identifier "
    "reference_declarator template_declaration template_type this try_statement using_declaration"
)

CSHARP = Words(
    symbols={
        "class_declaration": CLASS,
        "record_declaration": CLASS,
        "record_struct_declaration": STRUCT,
        "struct_declaration": STRUCT,
        "interface_declaration": INTERFACE,
        "enum_declaration": ENUM,
        "delegate_declaration": TYPE,
        "namespace_declaration": NAMESPACE,
        "file_scoped_namespace_declaration": NAMESPACE,
        "method_declaration": METHOD,
        "destructor_declaration": METHOD,
        "operator_declaration": METHOD,
        "conversion_operator_declaration": METHOD,
        "constructor_declaration": CONSTRUCTOR,
        "local_function_statement": FUNCTION,
        "property_declaration": FIELD,
        "lambda_expression": LAMBDA,
        "anonymous_method_expression": LAMBDA,
    },
    names=_ALWAYS_NAMES | {"predefined_type"},
    links={
        "invocation_expression": Link(("function",), mark=CALLED),
        "object_creation_expression": Link(("type",), mark=CALLED),
        "constructor_initializer": Link(("this", "base"), mark=CALLED),
        "member_access_expression": Link(("expression",), ("name",)),
        "conditional_access_expression": Link(("condition",), ("member_binding_expression",)),
        "member_binding_expression": Link(("name",)),
        "element_access_expression": Link(("expression",), mark=ITEM),
        "qualified_name": Link(("qualifier",), ("name",)),
        "alias_qualified_name": Link(("alias",), ("name",)),
        "generic_name": _THROUGH,
        "primary_constructor_base_type": Link(("type",)),
        "parenthesized_expression": _THROUGH,
    },
    imports=_set("using_directive"),
    fields=_set("field_declaration event_field_declaration"),
    bases={"base_list": EXTENDS},
    branches=_set("if_statement conditional_expression foreach_statement catch_clause") | _C_LOOPS,
    nests=_set("if_statement foreach_statement try_statement switch_statement switch_expression")
    | _C_LOOPS,
    cases=_set("switch_section switch_expression_arm"),
    parameters=_set("parameter_list"),
    not_parameters=_set("attribute_list array_type"),  # `params int[] rest` is no node
    returns=("returns", "type"),
    modifiers=_set("modifier"),
    visibility="private",
)

WORDS = {
    "python": PYTHON,
    "javascript": TYPESCRIPT,
    "typescript": TYPESCRIPT,
    "java": JAVA,
    "go": GO,
    "rust": RUST,
    "c": CPP,
    "cpp": CPP,
    "csharp": CSHARP,
}
"""By language. Where one contains another, the bigger is read, and what is in the tree tells."""

ROOTS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "module": {"python": _NONE},
    "translation_unit": {"c": _NONE},
    "source_file": {
        "go": _set("package_clause"),
        "rust": _set(
            "attribute_item const_item enum_item extern_crate_declaration function_item impl_item "
            "inner_attribute_item macro_definition macro_invocation mod_item static_item "
            "struct_item trait_item type_item use_declaration"
        ),
    },
    "compilation_unit": {
        "csharp": _set(
            "file_scoped_namespace_declaration global_statement namespace_declaration "
            "using_directive class_declaration enum_declaration interface_declaration "
            "record_declaration struct_declaration"
        )
    },
    "program": {
        "java": _set(
            "annotation_type_declaration constructor_declaration field_declaration "
            "import_declaration local_variable_declaration method_declaration modifiers "
            "package_declaration record_declaration"
        ),
        "javascript": _set(
            "ambient_declaration arrow_function call_expression export_statement "
            "function_declaration import_statement lexical_declaration member_expression "
            "method_definition property_identifier statement_block type_alias_declaration "
            "variable_declaration"
        ),
    },
}
"""Languages by the kind of the root, each with the kinds that tell it; none if the root does."""
