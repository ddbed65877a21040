"""The Python and JavaScript of the syntax samples: an invented planner of ferry trips."""

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

PANEL = """\
export class Panel {
  constructor(title) {
    this.title = title;
  }
  draw(rows) {
    for (const row of rows) {
      this.line(row);
    }
  }
  line(text) {
    console.log(text);
  }
}
"""

BOARD = """\
import { Panel } from "./panel.js";

export class Board extends Panel {
  show(sailings) {
    this.draw(sailings.filter((sailing) => sailing.leaves && !sailing.full));
  }
}
"""

APP = """\
import { Board } from "./board.js";

async function start() {
  const answer = await fetch("/sailings");
  new Board("Sailings").show(await answer.json());
}

start();
"""
