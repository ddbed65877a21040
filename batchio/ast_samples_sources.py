"""The invented repository of the syntax samples: sources, and nodes where no parser is at hand."""

from __future__ import annotations

PLANNER = '''\
"""Plans trips by ferry."""

from planner.routes import fastest
'''

CLI = '''\
"""The command line of the planner."""

import sys

from planner import fastest
from planner.fares import fare
from planner.timetable import Sailing, Timetable


def read(lines):
    """Returns the timetable that is written in lines of text."""
    sailings = []
    for line in lines:
        if line.strip():
            origin, target, leaves, arrives = line.split()
            sailings.append(Sailing(origin, target, int(leaves), int(arrives)))
    return Timetable(sailings)


def main(arguments):
    """Prints the fastest way and what it costs."""
    timetable = read(sys.stdin)
    way = fastest(timetable, *arguments)
    for sailing in way:
        print(sailing.leaves, sailing.origin, sailing.target)
    print(sum(fare(sailing) for sailing in way))


main(sys.argv[1:])
'''

TIMETABLE = '''\
"""Sailings between ports, and when they leave."""


class Sailing:
    """One crossing from a port to another."""

    def __init__(self, origin, target, leaves, arrives):
        self.origin = origin
        self.target = target
        self.leaves = leaves
        self.arrives = arrives

    def minutes(self):
        """Returns how long it takes."""
        return self.arrives - self.leaves


class NightSailing(Sailing):
    """A crossing that arrives on the next day."""

    def minutes(self):
        """Returns how long it takes, over midnight."""
        return super().minutes() + 24 * 60


class Timetable:
    """The sailings of a day."""

    def __init__(self, sailings):
        self.sailings = list(sailings)

    def after(self, port, minute):
        """Returns the sailings that can still be caught in a port."""
        return [each for each in self.sailings if each.origin == port and each.leaves >= minute]
'''

ROUTES = '''\
"""Finds the way that arrives first."""

from planner.timetable import Timetable

CHANGE_MINUTES = 10


class NoRoute(Exception):
    """There is no way between two ports."""


def fastest(timetable: Timetable, origin, target, minute=0):
    """Returns the sailings of the way that arrives first."""
    best = {origin: (minute, [])}
    waiting = [origin]
    while waiting:
        port = waiting.pop(earliest(waiting, best))
        arrived, way = best[port]
        for sailing in timetable.after(port, arrived + CHANGE_MINUTES):
            known = best.get(sailing.target)
            if known is None or sailing.arrives < known[0]:
                best[sailing.target] = (sailing.arrives, [*way, sailing])
                waiting.append(sailing.target)
    if target not in best:
        raise NoRoute(origin, target)
    return best[target][1]


def earliest(waiting, best):
    """Returns the number of the port that is reached first."""
    return min(range(len(waiting)), key=lambda number: best[waiting[number]][0])
'''

OLD_ROUTES = '''\
"""Finds a way, as long as there is a direct one."""

from .timetable import Timetable


def direct(timetable: Timetable, origin, target):
    """Returns the first sailing between two ports."""
    for sailing in timetable.after(origin, 0):
        if sailing.target == target:
            return sailing
    return None
'''

FARES = '''\
"""What a crossing costs."""

from planner.tickets import Ticket

CENTS_A_MINUTE = 12


def fare(sailing, age=30):
    """Returns the price of a ticket in cents."""
    return Ticket(age).price(sailing.minutes() * CENTS_A_MINUTE)
'''

TICKETS = '''\
"""Tickets and who may travel on them."""

from planner.discounts import reduced


class Ticket:
    """The right to a crossing."""

    def __init__(self, age):
        self.age = age

    def price(self, full):
        """Returns what it costs, in cents."""
        return reduced(full, self.age)
'''

DISCOUNTS = '''\
"""Reduced fares."""

from planner.fares import CENTS_A_MINUTE


def reduced(full, age):
    """Returns a price after all that is taken off it; a minute is always paid."""
    if age < 6:
        price = 0
    elif age < 18 or age > 66:
        price = full // 2
    else:
        price = full
    return max(price, CENTS_A_MINUTE)
'''

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
