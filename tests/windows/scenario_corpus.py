"""Programs of the registries: each starts and ends as it should. The results are a table in the output directory."""

import time
import tomllib
from pathlib import Path

from windows import SHARE, Game, titles
from world import until

TABLE = Path("/output/corpus.md")
PROGRAMS = tomllib.loads((SHARE / "corpus.toml").read_text(encoding="utf-8"))["program"]


class Corpus(Game):
    rows = []

    def check(self, name):
        began, result = time.monotonic(), "ok"
        try:
            self.play_program(PROGRAMS[name])
        except Exception as error:
            # The first line, in a cell of a table.
            result = (str(error).strip().splitlines() or [type(error).__name__])[0].replace("|", "/")
            raise
        finally:
            self.rows.append((name, PROGRAMS[name]["about"], time.monotonic() - began, result))
            self.write_table()

    def play_program(self, program):
        """Runs a program; raises when it does not do as it should."""
        window, deadline = program.get("window"), program.get("timeout", 60)
        session = self.start(f"D:\\{program['package']}\\{program['file']}", *program.get("arguments", []), GameId="",
                             Library=str(SHARE / "corpus"), Environment=program.get("environment", []),
                             Display="stream" if window else "none")
        if window:
            session.wait("running")
            self.until_window(session, window, deadline)
            session.stop()
            self.assertEqual(session.ended(deadline)["Outcome"], "stopped", session.log())
        else:
            status = program.get("status", 0)
            self.assert_status(session, status - 2**32 if status >= 2**31 else status, deadline)
        self.assertIn(program.get("output", ""), session.log())

    def until_window(self, session, window, deadline):
        """Waits until a window with such a title is there, or the program has ended."""
        try:
            until(lambda: session.get("State") == "ended" or any(title.startswith(window) for title in titles(session)),
                  f"a window '{window}'", deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}, only {titles(session)}\n{session.log()}") from None

    def write_table(self):
        good = sum(result == "ok" for *_, result in self.rows)
        lines = [f"{good} of {len(self.rows)} programs start and end as they should.", "",
                 "| program | what it is | s | result |", "| --- | --- | --- | --- |"]
        lines += [f"| {name} | {about} | {took:.1f} | {result} |" for name, about, took, result in self.rows]
        TABLE.write_text("\n".join([*lines, ""]), encoding="utf-8")


def case(name):
    def run(self):
        self.check(name)
    return run


for one in PROGRAMS:
    setattr(Corpus, f"test_{one}", case(one))
