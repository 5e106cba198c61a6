"""What a program that was taken over in the display's container gets of the others there."""

import re
from pathlib import Path

from stream import program, start
from world import Scenario, run

# Where a display can write.
TOOL = "/tmp/neighbour"


def inside(pid):
    """The process's number in its container."""
    return re.search(r"^NSpid:.*?([0-9]+)$", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"), re.M)[1]


class Walls(Scenario):
    def test_nobody_gets_at_the_parts_of_the_display(self):
        session = start()
        container = f"dillinger-session-{session.id}-display"
        tool = (Path(__file__).parent / "neighbour").read_bytes()
        install = ["sh", "-c", f"cat >{TOOL} && chmod +x {TOOL}"]
        run("podman", "exec", "--interactive", container, *install, input=tool, text=False)

        for name in "dillinger-stream", "dillinger-display", "dillinger-sound":
            got = run("podman", "exec", container, TOOL, inside(program(session, name)))
            self.assertEqual(got, "", f"of {name}")
        # Where nothing is in its way, the tool gets at everything.
        got = run("podman", "exec", container, "sh", "-c", f"sleep 60 & {TOOL} $!; kill $!").split()
        self.assertLessEqual({"memory", "addresses", "environment", "descriptors", "ptrace"}, set(got))
