"""Texts in, names out."""

import unittest

import packages
import python
import rust
import wrappers
from scope import At, Scope
from shell import Walker


def walked(*texts, library=None):
    walker = Walker()
    for number, text in enumerate(texts):
        walker.add(text, f"script{number}")
    if library:
        walker.add(library, "library.sh", sourced=True)
    walker.walk()
    return walker


def programs(*texts, library=None):
    return sorted({name for name, _ in walked(*texts, library=library).programs})


def unclear(text):
    return sorted(walked(text).unclear)


class Shell(unittest.TestCase):
    def test_words_of_the_shell_are_no_programs(self):
        self.assertEqual(programs('for x in a b; do [ -e "$x" ] && echo "$x"; done; case $1 in b) printf c ;; esac; ! true'), [])
        self.assertEqual(programs("# one\ncat <<EOF\ntwo\nEOF\necho three"), ["cat"])

    def test_programs_are_found_wherever_commands_are(self):
        self.assertEqual(programs('a | b; if c; then d & fi; x=$(e) f; g <(h) >"$(i)"; coproc P { j; }; time k; y=("$(l)")'),
                         list("abcdefghijkl"))
        self.assertEqual(programs("cat <<EOF\n$(a)\nEOF\n(b); { c; }; until d; do [[ -n $(e) ]]; done"), ["a", "b", "c", "cat", "d", "e"])

    def test_a_path_is_a_program_where_the_system_has_those(self):
        self.assertEqual(programs('"$here/run"; tests/check; ./x; target/y; /usr/bin/a; /sbin/b; /world/c'), ["a", "b"])

    def test_functions(self):
        self.assertEqual(programs("f() { a; }; f; g", library="g() { b; }"), ["a", "b"])
        self.assertEqual(programs("f() { a; }", "f"), ["a", "f"])

    def test_functions_that_run_their_arguments(self):
        as_root = 'as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi; }'
        self.assertEqual(programs("as_root a -x", library=as_root), ["a", "id", "sudo"])
        self.assertEqual(programs("as_root kill 1", library=as_root), ["id", "kill", "sudo"])
        self.assertEqual(programs('part() { local name=$1; shift; "$@" | b; }; part "the name" a'), ["a", "b"])
        self.assertEqual(programs('outer() { shift 2; inner "$@"; }; inner() { "$@"; }; outer 1 2 a'), ["a"])
        self.assertEqual(programs('keep make', library='keep() { local n=$1 how=$2; shift 2; done_by "$n" "$how"; }\n'
                                  'done_by() { local how=$2; "$how"; }\nbuild() { a; }\nmake() { keep n build; }'), ["a"])

    def test_a_library_may_be_given_a_function_of_a_script(self):
        self.assertEqual(programs("build() { a; }; keep build", library='keep() { "$1"; }'), ["a"])
        self.assertEqual(programs("bash -c 'build() { a; }; keep build'", library='keep() { "$1"; }'), ["a", "bash"])

    def test_a_part_of_a_function_s_name_may_be_given(self):
        self.assertEqual(unclear('find=$1_root\n"$find"'), ["script0:2"])
        self.assertEqual(sorted(walked('find=$1_root\n"$find"', library="wine_root() { :; }").unclear), [])

    def test_variables(self):
        self.assertEqual(programs('analyze=(a --x); [ -e y ] || analyze=(b); "${analyze[@]}" c'), ["a", "b"])
        self.assertEqual(programs('root=(); root=(sudo -n); "${root[@]}" env -u X Y=1 a'), ["a", "env", "sudo"])
        self.assertEqual(programs('"${CC:-cc}" -o x'), ["cc"])
        self.assertEqual(programs('for tool in a b; do "$tool"; done'), ["a", "b"])
        self.assertEqual(programs('f() { local t=$1 c; c=$t-gcc; "$c"; "$t-strip"; }; f x86; f arm'),
                         ["arm-gcc", "arm-strip", "x86-gcc", "x86-strip"])

    def test_wrappers(self):
        self.assertEqual(programs("exec env A=1 timeout -k 5 10 nice -n 3 a"), ["a", "env", "nice", "timeout"])
        self.assertEqual(programs("b | xargs -0 -n 1 a x; command -v c; command d"), ["a", "b", "d", "xargs"])
        self.assertEqual(programs('setsid --wait unshare --mount -R / a; flock "$x"; flock "$x" b'),
                         ["a", "b", "flock", "setsid", "unshare"])
        self.assertEqual(programs(r"find . -name x -exec a {} + -o -execdir b {} \;"), ["a", "b", "find"])
        self.assertEqual(programs('chroot "$root" in_the_root'), ["chroot"])

    def test_code_in_texts(self):
        self.assertEqual(programs("sh -c 'a; exec \"$@\"' sh b c"), ["a", "b", "sh"])
        self.assertEqual(programs('f() { a; }; trap f EXIT; trap "kill $!; b" TERM; trap - INT; eval "c $x"'), ["a", "b", "c"])
        self.assertEqual(programs("cat <<'S' >x\n#!/bin/sh\na\nS\ncat <<'S' >y\nb\nS"), ["a", "cat"])
        self.assertEqual(programs("mmdebstrap --customize-hook='a '\"'$x/y'\"' \"$1/z\" | b'"), ["a", "b", "mmdebstrap"])

    def test_places(self):
        walker = walked("#!/bin/sh\n\na \\\n    b\nsh -c '\nc'")
        self.assertEqual(sorted(walker.programs), [("a", "script0:3"), ("c", "script0:6"), ("sh", "script0:5")])

    def test_what_cannot_be_told_is_told(self):
        self.assertEqual(unclear('read -r x\n"$x" y'), ["script0:2"])
        self.assertEqual(unclear("\n\nsh -c \"$x y\""), ["script0:3"])
        self.assertEqual(unclear('exec "$@"'), [])
        self.assertEqual(unclear("a\nif"), ["script0:1"])
        self.assertEqual(unclear("a\ntrap 'if' EXIT"), ["script0:2"])

    def test_python_in_the_shell(self):
        walker = walked("python3 -B -m pip download x\npython3 -c 'import a.b, os\nfrom c import d' y\npython3 -X e file.py")
        self.assertEqual(sorted(name for name, _ in walker.modules), ["a", "c", "os", "pip"])


class Python(unittest.TestCase):
    def needs(self, text):
        walker = Walker()
        python.walk(walker, text, At(Scope("", "code"), None, 1, 0))
        return sorted(walker.programs), sorted(walker.modules), sorted(walker.unclear)

    def test_command_lines(self):
        self.assertEqual(self.needs("""
subprocess.run(["sudo", "tee", name], check=True)
pip = [sys.executable, "-m", "pip", *options]
subprocess.Popen([*pip, "--dest"])
shutil.which("a")
subprocess.run("b | c", shell=True)""")[:2],
                         ([("a", "code:5"), ("b", "code:6"), ("c", "code:6"), ("python3", "code:4"), ("sudo", "code:2"), ("tee", "code:2")],
                          [("pip", "code:4")]))

    def test_what_cannot_be_told_is_told(self):
        self.assertEqual(self.needs("subprocess.run(command)\nsubprocess.run([x, 'y'])")[2], ["code:1", "code:2"])


class Rust(unittest.TestCase):
    def test_programs_of_tests(self):
        text = 'fn f() { Command::new("a") }\n#[cfg(test)]\nmod tests {\n  // Command::new("b")\n' \
               '  fn g() { let s = "}"; let c = \'}\'; Command::new("c") } }\nfn h() { Command::new("d") }'
        self.assertEqual(list(rust.calls(text, "agent/x/src/lib.rs")), [("c", 5)])
        self.assertEqual([name for name, _ in rust.calls(text, "agent/x/tests/y.rs")], ["a", "c", "d"])


class Debian(unittest.TestCase):
    def test_relations(self):
        self.assertEqual(list(packages.relations("a (>= 1), b:any | c [amd64],, d")), [["a"], ["b", "c"], ["d"]])

    def test_files(self):
        known = packages.Packages()
        file = packages.program("awk")
        self.assertIn(known.owners([file])[file], known.base)
        self.assertEqual(known.owners(["/usr/bin/no-such-program"]), {"/usr/bin/no-such-program": None})


class Wrappers(unittest.TestCase):
    def test_options(self):
        self.assertEqual(wrappers.wrapped("sudo", ["-u", "x", "--", "a"]), 3)
        self.assertEqual(wrappers.wrapped("timeout", ["5"]), None)
        self.assertEqual(wrappers.code_of(["-euo", "pipefail", "-c", "x"]), 3)


if __name__ == "__main__":
    unittest.main()
