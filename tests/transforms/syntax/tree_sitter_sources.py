"""Small sources, a language each, with what is in them worked out by hand."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """A source file and what is to be found in it.

    Attributes:
        symbols: kind, qualified name, first line, last line, complexity, parameters.
        calls: caller, callee, arguments, line.
        imports: module, name, alias, kind, line, relative.
        inherits: symbol, base, relation.
        nesting: of functions with control structures.
        docs: of symbols that have one.
        visible: visibility of some symbols.
        flags: names of flags of some symbols.
    """

    path: str
    source: str
    symbols: str
    calls: str
    imports: list[tuple[str, str, str, str, int, bool]]
    inherits: list[tuple[str, str, str]]
    nesting: dict[str, int]
    docs: dict[str, str]
    visible: dict[str, str]
    flags: dict[str, str]


JAVASCRIPT = Sample(
    "web/a.js",
    """\
import d, { a as b, c } from './x.js';
import * as ns from 'y';
export * from 'all';
const fs = require('fs');
/** Draws things. */
export class Foo extends Bar.Base {
  #size = 1;
  constructor(a, ...rest) { super(a); }
  static async load(url, n = 1) {
    if (url && n) { await ns.get(url); }
    else if (n || url) { this.log?.(); }
    else { for (const x of n) { try { x.y[0](1).z(); } catch (e) {} } }
  }
}
export const twice = x => x ?? 2;
exports.pick = function (k) {
  switch (k) { case 1: return b ? c : d; case 2: break; default: }
};
list.map(y => new ns.Item(y));
import('late');
""",
    symbols="""
        class Foo 6 14 0 -
        field Foo.#size 7 7 0 -
        constructor Foo.constructor 8 8 1 2
        method Foo.load 9 13 7 2
        function twice 15 15 2 1
        function pick 16 18 4 1
        lambda <lambda> 19 19 1 1
    """,
    calls="""
        - require 1 4
        Foo.constructor super 1 8
        Foo.load ns.get 1 10
        Foo.load this.log 0 11
        Foo.load x.y[] 1 12
        Foo.load x.y[]().z 0 12
        - list.map 1 19
        <lambda> ns.Item 1 19
    """,
    imports=[
        ("./x.js", "default", "d", "import", 1, True),
        ("./x.js", "a", "b", "import", 1, True),
        ("./x.js", "c", "", "import", 1, True),
        ("y", "*", "ns", "import", 2, False),
        ("all", "*", "", "export-from", 3, False),
        ("fs", "", "fs", "require", 4, False),
        ("late", "", "", "import", 20, False),
    ],
    inherits=[("Foo", "Bar.Base", "extends")],
    nesting={"Foo.load": 3, "pick": 1},
    docs={"Foo": "Draws things."},
    visible={"Foo.#size": "private"},
    flags={"Foo": "exported", "Foo.load": "static async", "twice": "exported", "pick": ""},
)

TYPESCRIPT = Sample(
    "web/a.ts",
    """\
import type { T } from './t';
import fs = require('fs');
export { z as zed } from '../z';
export abstract class A<T> extends B<T> implements C, D.E {
  private static readonly x: number = 1;
  protected abstract m(a: number): Promise<void>;
  run = (a?: string) => this.m!<T>(1);
}
interface I extends J, K<L> {
  a: string;
  b(x: number, y?: I): void;
}
type U = string | number;
enum Color { Red, Green }
namespace N.M {
  export function f(a: number, b = ''): T { while (a) { do { a--; } while (b); } }
}
declare function g(x: number): string;
export { g };
""",
    symbols="""
        class A 4 8 0 -
        field A.x 5 5 0 -
        method A.m 6 6 1 1
        method A.run 7 7 1 1
        interface I 9 12 0 -
        field I.a 10 10 0 -
        method I.b 11 11 1 2
        type U 13 13 0 -
        enum Color 14 14 0 -
        namespace N.M 15 17 0 -
        function N.M.f 16 16 3 2
        function g 18 18 1 1
    """,
    calls="A.run this.m 1 7",
    imports=[
        ("./t", "T", "", "import", 1, True),
        ("fs", "", "fs", "require", 2, False),
        ("../z", "z", "zed", "export-from", 3, True),
    ],
    inherits=[
        ("A", "B", "extends"),
        ("A", "C", "implements"),
        ("A", "D.E", "implements"),
        ("I", "J", "extends"),
        ("I", "K", "extends"),
    ],
    nesting={"N.M.f": 2},
    docs={},
    visible={"A.x": "private", "A.m": "protected"},
    flags={"A": "abstract exported", "A.x": "static", "A.m": "abstract", "g": "exported", "I": ""},
)

JAVA = Sample(
    "src/A.java",
    """\
package a.b;
import java.util.List;
import static java.lang.Math.*;
import static java.lang.Math.abs;
public abstract class A<T> extends p.Base<T> implements C, D<E> {
  private static final int x = 1, y = 2;
  /** Makes one. */
  public A(int a) { super(a); }
  protected abstract List<String> m(final String s, int... rest);
  int n(int k) {
    for (int i : xs) { if (i > 0 && k > 0) { x.y().z(1); } else if (k == 2) { } else { } }
    switch (k) { case 1: case 2: break; default: }
    try { new Foo<>(k); } catch (E | F e) { assert k > 0; }
    return k > 1 ? 1 : list.map(v -> v + 1);
  }
}
interface I extends J { void f(); }
enum Q implements R { ONE, TWO; Q() { } }
record P(int x) implements S { }
""",
    symbols="""
        namespace a.b 1 1 0 -
        class a.b.A 5 16 0 -
        field a.b.A.x 6 6 0 -
        field a.b.A.y 6 6 0 -
        constructor a.b.A.A 8 8 1 1
        method a.b.A.m 9 9 1 2
        method a.b.A.n 10 15 10 1
        lambda a.b.A.n.<lambda> 14 14 1 1
        interface a.b.I 17 17 0 -
        method a.b.I.f 17 17 1 0
        enum a.b.Q 18 18 0 -
        constructor a.b.Q.Q 18 18 1 0
        class a.b.P 19 19 0 -
    """,
    calls="""
        a.b.A.A super 1 8
        a.b.A.n x.y().z 1 11
        a.b.A.n x.y 0 11
        a.b.A.n Foo 1 13
        a.b.A.n list.map 1 14
    """,
    imports=[
        ("java.util", "List", "", "import", 2, False),
        ("java.lang.Math", "*", "", "import", 3, False),
        ("java.lang.Math", "abs", "", "import", 4, False),
    ],
    inherits=[
        ("a.b.A", "p.Base", "extends"),
        ("a.b.A", "C", "implements"),
        ("a.b.A", "D", "implements"),
        ("a.b.I", "J", "extends"),
        ("a.b.Q", "R", "implements"),
        ("a.b.P", "S", "implements"),
    ],
    nesting={"a.b.A.n": 2},
    docs={"a.b.A.A": "Makes one."},
    visible={
        "a.b.A": "public",
        "a.b.A.x": "private",
        "a.b.A.m": "protected",
        "a.b.A.n": "package",
        "a.b.I": "package",
        "a.b.I.f": "public",
    },
    flags={"a.b.A": "abstract", "a.b.A.x": "static", "a.b.A.m": "abstract"},
)

GO = Sample(
    "cmd/a.go",
    """\
package a
import "fmt"
import (
    x "os/exec"
    . "strings"
)
// S is a thing.
type S struct {
    T
    *pkg.U
    A, b int
}
type I interface { fmt.Stringer; M(a, b int) error }
func (s *S) M(a, b int, rest ...string) (int, error) {
    for i := range rest { if a > 0 && b > 0 { s.t.Do(i) } else if a < b { } }
    switch a { case 1, 2: default: }
    switch v := a.(type) { case int: }
    select { case <-c: default: }
    go func() { x.Run() }()
    return list[0].z(), nil
}
func (e Elsewhere) far(int, string) {}
func F() {}
""",
    symbols="""
        namespace a 1 1 0 -
        struct a.S 8 12 0 -
        field a.S.A 11 11 0 -
        field a.S.b 11 11 0 -
        interface a.I 13 13 0 -
        method a.I.M 13 13 1 2
        method a.S.M 14 21 8 3
        lambda a.S.M.<lambda> 19 19 1 0
        method a.far 22 22 1 2
        function a.F 23 23 1 0
    """,
    calls="""
        a.S.M s.t.Do 1 15
        a.S.M ? 0 19
        a.S.M.<lambda> x.Run 0 19
        a.S.M list[].z 0 20
    """,
    imports=[
        ("fmt", "", "", "import", 2, False),
        ("os/exec", "", "x", "import", 4, False),
        ("strings", "*", "", "import", 5, False),
    ],
    inherits=[
        ("a.S", "T", "extends"),
        ("a.S", "pkg.U", "extends"),
        ("a.I", "fmt.Stringer", "extends"),
    ],
    nesting={"a.S.M": 2},
    docs={"a.S": "S is a thing."},
    visible={"a.S.A": "public", "a.S.b": "package", "a.far": "package"},
    flags={"a.S": "exported", "a.F": "exported", "a.far": ""},
)

RUST = Sample(
    "src/a.rs",
    """\
use std::collections::{HashMap, hash_map::{self, Entry as E}};
use crate::a::b;
use self::c::*;
mod x;
/// A shape.
#[derive(Debug)]
pub struct S<T> { pub a: i32, b: Vec<T> }
enum En { A, B(i32) }
trait Tr: Base + Other<i32> { fn req(&self) -> i32; }
impl<T> Tr for S<T> {
    fn req(&self) -> i32 { match self.a { 1 | 2 => 3, 4 => 5, _ => 0 } }
}
impl S<i32> {
    pub async fn new(mut a: i32, (b, c): (i32, i32)) -> Self {
        if a > 0 && b > 0 { } else if let Some(y) = z { }
        while a > 0 { loop { for i in 0..1 { } } }
        let f = |q| q + 1;
        a.b()?.c::<T>(1).await;
        std::mem::swap(&mut a, b)
    }
}
mod inner { pub(crate) fn go() { super::top(); } }
""",
    symbols="""
        struct S 7 7 0 -
        field S.a 7 7 0 -
        field S.b 7 7 0 -
        enum En 8 8 0 -
        interface Tr 9 9 0 -
        method Tr.req 9 9 1 1
        method S.req 11 11 3 1
        method S.new 14 20 7 2
        lambda S.new.<lambda> 17 17 1 1
        module inner 22 22 0 -
        function inner.go 22 22 1 0
    """,
    calls="""
        S.new a.b().c 1 18
        S.new a.b 0 18
        S.new std.mem.swap 2 19
        inner.go super.top 0 22
    """,
    imports=[
        ("std::collections", "HashMap", "", "use", 1, False),
        ("std::collections::hash_map", "", "", "use", 1, False),
        ("std::collections::hash_map", "Entry", "E", "use", 1, False),
        ("crate::a", "b", "", "use", 2, True),
        ("self::c", "*", "", "use", 3, True),
        ("x", "", "", "use", 4, True),
    ],
    inherits=[
        ("Tr", "Base", "extends"),
        ("Tr", "Other", "extends"),
        ("S", "Tr", "implements"),
    ],
    nesting={"S.req": 1, "S.new": 3},
    docs={"S": "A shape."},
    visible={"S": "public", "S.a": "public", "S.b": "", "inner.go": "package"},
    flags={"S": "exported", "S.new": "async exported", "inner.go": ""},
)

C = Sample(
    "src/a.c",
    """\
#include <stdio.h>
#include "my/x.h"
typedef struct { int a, *b; int (*cb)(void); } Foo;
typedef struct Bar { struct Bar *next; } Bar;
enum E { A, B };
int proto(int, char *);
static const char *name(void) { return 0; } /* about name */
/* Counts. */
int g(int a, struct Bar *b, ...) {
    if (a) return proto(a, 0); else if (b) { } else { }
    while (a && b) { for (;;) { } }
    switch (a) { case 1: case 2: break; default: break; }
    (*b->cb)(a);
    b->list[0](1);
    return a ? 1 : 2;
}
int v = 1;
""",
    symbols="""
        struct Foo 3 3 0 -
        field Foo.a 3 3 0 -
        field Foo.b 3 3 0 -
        field Foo.cb 3 3 0 -
        type Bar 4 4 0 -
        struct Bar 4 4 0 -
        field Bar.next 4 4 0 -
        enum E 5 5 0 -
        function proto 6 6 1 2
        function name 7 7 1 0
        function g 9 16 9 3
    """,
    calls="""
        g proto 2 10
        g b.cb 1 13
        g b.list[] 1 14
    """,
    imports=[
        ("stdio.h", "", "", "include", 1, False),
        ("my/x.h", "", "", "include", 2, True),
    ],
    inherits=[],
    nesting={"g": 2},
    docs={"g": "Counts."},
    visible={"g": ""},
    flags={"name": "static"},
)

CPP = Sample(
    "src/a.cpp",
    """\
#include <vector>
using namespace std;
using std::string;
namespace n { int helper(); }
template <class T> class A : public B, private virtual ns::C<T> {
    int hidden;
 public:
    A(int a) : x(a) { }
    virtual void m() = 0;
    static int s(int a = 1, const T& b);
    void run();
    struct In { int q; };
};
void A::run() {
    this->x.foo<int>(1);
    auto f = [&](int q) { return q; };
    try { new ns::Foo(1); } catch (...) { }
    for (auto& i : v) { if (i and v) { std::move(i); } }
}
int Far::away() { return 1; }
int n::helper() { return 2; }
""",
    symbols="""
        namespace n 4 4 0 -
        function n.helper 4 4 1 0
        class A 5 13 0 -
        field A.hidden 6 6 0 -
        constructor A.A 8 8 1 1
        method A.m 9 9 1 0
        method A.s 10 10 1 2
        method A.run 11 11 1 0
        struct A.In 12 12 0 -
        field A.In.q 12 12 0 -
        method A.run 14 19 5 0
        lambda A.run.<lambda> 16 16 1 1
        method away 20 20 1 0
        function n.helper 21 21 1 0
    """,
    calls="""
        A.run this.x.foo 1 15
        A.run ns.Foo 1 17
        A.run std.move 1 18
    """,
    imports=[
        ("vector", "", "", "include", 1, False),
        ("std", "*", "", "use", 2, False),
        ("std", "string", "", "use", 3, False),
    ],
    inherits=[("A", "B", "extends"), ("A", "ns.C", "extends")],
    nesting={"A.run": 2},
    docs={},
    visible={"A.hidden": "private", "A.m": "public", "A.In.q": "public"},
    flags={"A.m": "abstract", "A.s": "static abstract"},
)

CSHARP = Sample(
    "src/a.cs",
    """\
using System;
using static System.Math;
using IO = System.IO;
namespace N.M;
/// <summary>
/// Draws things.
/// </summary>
public abstract class A<T> : B<T>, IC, D.E where T : new() {
    private static int x = 1;
    public string P { get; set; }
    public A(int a) : base(a) { }
    protected abstract Task<int> M(string s, int b = 1);
    public async Task<int> Run(ref int a) {
        foreach (var i in xs) { if (a > 0 && i) { x?.Y().Z<int>(1); } else if (c ?? d) { } }
        switch (a) { case 1: case 2: break; default: break; }
        var r = b switch { 1 => 2, _ => 3 };
        try { new Foo(1); } catch (E e) { }
        return arr[0].Call(q => q + 1);
    }
}
public interface IC : ID { void F(); }
struct S : IC { }
enum E : byte { One }
""",
    symbols="""
        namespace N.M 4 4 0 -
        class N.M.A 8 20 0 -
        field N.M.A.x 9 9 0 -
        field N.M.A.P 10 10 0 -
        constructor N.M.A.A 11 11 1 1
        method N.M.A.M 12 12 1 2
        method N.M.A.Run 13 19 10 1
        lambda N.M.A.Run.<lambda> 18 18 1 1
        interface N.M.IC 21 21 0 -
        method N.M.IC.F 21 21 1 0
        struct N.M.S 22 22 0 -
        enum N.M.E 23 23 0 -
    """,
    calls="""
        N.M.A.A base 1 11
        N.M.A.Run x.Y().Z 1 14
        N.M.A.Run x.Y 0 14
        N.M.A.Run Foo 1 17
        N.M.A.Run arr[].Call 1 18
    """,
    imports=[
        ("System", "*", "", "use", 1, False),
        ("System.Math", "*", "", "use", 2, False),
        ("System.IO", "", "IO", "use", 3, False),
    ],
    inherits=[
        ("N.M.A", "B", "extends"),
        ("N.M.A", "IC", "implements"),
        ("N.M.A", "D.E", "implements"),
        ("N.M.IC", "ID", "extends"),
        ("N.M.S", "IC", "implements"),
    ],
    nesting={"N.M.A.Run": 2},
    docs={"N.M.A": "Draws things."},
    visible={"N.M.A.x": "private", "N.M.A.M": "protected", "N.M.IC.F": "public"},
    flags={"N.M.A": "abstract", "N.M.A.x": "static", "N.M.A.Run": "async"},
)

SAMPLES = {
    "javascript": JAVASCRIPT,
    "typescript": TYPESCRIPT,
    "java": JAVA,
    "go": GO,
    "rust": RUST,
    "c": C,
    "cpp": CPP,
    "csharp": CSHARP,
}
