"""The Go and C of the syntax samples, with the nodes of their trees (see `ast_encode`)."""

from __future__ import annotations

GATE = """\
package gate

import "strings"

// Open tells whether a ticket opens the gate.
func Open(ticket string) bool {
	return valid(ticket) && !strings.HasPrefix(ticket, "void")
}

func valid(ticket string) bool {
	return len(ticket) == 12 && ticket != "000000000000"
}
"""

GATE_NODES = """\
source_file
  package_clause
    package
    package_identifier
  import_declaration
    import
    import_spec
      path: interpreted_string_literal
  comment
  function_declaration
    func
    name: identifier
    parameters: parameter_list
      (
      parameter_declaration
        name: identifier
        type: type_identifier
      )
    result: type_identifier
    body: block
      {
      statement_list
        return_statement
          return
          expression_list
            binary_expression
              left: call_expression
                function: identifier
                arguments: argument_list
                  (
                  identifier
                  )
              operator: &&
              right: unary_expression
                operator: !
                operand: call_expression
                  function: selector_expression
                    operand: identifier
                    .
                    field: field_identifier
                  arguments: argument_list
                    (
                    identifier
                    ,
                    interpreted_string_literal
                    )
      }
  function_declaration
    func
    name: identifier
    parameters: parameter_list
      (
      parameter_declaration
        name: identifier
        type: type_identifier
      )
    result: type_identifier
    body: block
      {
      statement_list
        return_statement
          return
          expression_list
            binary_expression
              left: binary_expression
                left: call_expression
                  function: identifier
                  arguments: argument_list
                    (
                    identifier
                    )
                operator: ==
                right: int_literal
              operator: &&
              right: binary_expression
                left: identifier
                operator: !=
                right: interpreted_string_literal
      }
"""

TIDE = """\
int height_at(int minute) {
  if (minute < 0) {
    return height_at(0);
  }
  return minute % 745;
}

int is_high(int minute, int keel) {
  int height = height_at(minute);
  return height > keel;
}
"""

TIDE_NODES = """\
TranslationUnitDecl 0
  TypedefDecl 0 isImplicit=true name=__int128_t type=__int128
  FunctionDecl 1-6 name=height_at type=int (int)
    ParmVarDecl 1 name=minute type=int
    CompoundStmt 1-6
      IfStmt 2-4
        BinaryOperator 2 type=int opcode=<
          ImplicitCastExpr 2 type=int castKind=LValueToRValue
            DeclRefExpr 2 type=int decl=ParmVarDecl name=minute
          IntegerLiteral 2 type=int value=0
        CompoundStmt 2-4
          ReturnStmt 3
            CallExpr 3 type=int
              ImplicitCastExpr 3 type=int (*)(int) castKind=FunctionToPointerDecay
                DeclRefExpr 3 type=int (int) decl=FunctionDecl name=height_at
              IntegerLiteral 3 type=int value=0
      ReturnStmt 5
        BinaryOperator 5 type=int opcode=%
          ImplicitCastExpr 5 type=int castKind=LValueToRValue
            DeclRefExpr 5 type=int decl=ParmVarDecl name=minute
          IntegerLiteral 5 type=int value=745
  FunctionDecl 8-11 name=is_high type=int (int, int)
    ParmVarDecl 8 name=minute type=int
    ParmVarDecl 8 name=keel type=int
    CompoundStmt 8-11
      DeclStmt 9
        VarDecl 9 name=height type=int init=c
          CallExpr 9 type=int
            ImplicitCastExpr 9 type=int (*)(int) castKind=FunctionToPointerDecay
              DeclRefExpr 9 type=int (int) decl=FunctionDecl name=height_at
            ImplicitCastExpr 9 type=int castKind=LValueToRValue
              DeclRefExpr 9 type=int decl=ParmVarDecl name=minute
      ReturnStmt 10
        BinaryOperator 10 type=int opcode=>
          ImplicitCastExpr 10 type=int castKind=LValueToRValue
            DeclRefExpr 10 type=int decl=VarDecl name=height
          ImplicitCastExpr 10 type=int castKind=LValueToRValue
            DeclRefExpr 10 type=int decl=ParmVarDecl name=keel
"""
