"""Runs parts side by side: as many as the processors bear, each with its output in a file of its own."""

import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field

# Seconds that parts get to clean up when all is given up.
PATIENCE = 30


@dataclass
class Run:
    """A part that runs or has ended; `status` None while it runs. `took` and `used`: seconds, and seconds of processor time."""

    part: object
    log: object
    began: float = field(default_factory=time.monotonic)
    took: float = 0.0
    used: float = 0.0
    status: int | None = None
    process: subprocess.Popen | None = None


class Schedule:
    """Takes the parts in their order, and a later one before an earlier one that has to wait."""

    def __init__(self, parts, processors, directory, environment):
        self.waiting, self.running, self.ended = list(parts), [], []
        self.processors, self.directory, self.environment = processors, directory, environment
        self.ends = selectors.DefaultSelector()

    def play(self, told, idle):
        """Runs all. `told` gets each run that has ended, `idle` the schedule about once a second."""
        while self.waiting or self.running:
            for run in self.refused():
                told(run)
            while (part := self.next()) is not None:
                self.start(part)
            for key, _ in self.ends.select(1):
                told(self.end(key))
            idle(self)

    def refused(self):
        """Those whose conditions have failed, and those whose conditions those are: they never run."""
        failed, refused = {run.part.name for run in self.ended if run.status != 0}, []
        while part := next((part for part in self.waiting if failed.intersection(part.after)), None):
            self.waiting.remove(part)
            log = self.directory / f"{part.name}.log"
            log.write_text(f"not run, since this failed: {', '.join(sorted(failed.intersection(part.after)))}\n")
            refused.append(Run(part, log, status=1))
            failed.add(part.name)
        self.ended += refused
        return refused

    def next(self):
        """The next part that can start now."""
        awaited = {part.name for part in self.waiting} | {run.part.name for run in self.running}
        return next((part for part in self.waiting if not awaited.intersection(part.after) and self.fits(part)), None)

    def fits(self, part):
        """Whether the processors bear it beside those that run; one part always runs, however much it wants."""
        if not self.running:
            return True
        busy = [run.part.processors for run in self.running]
        return part.processors != 0 and 0 not in busy and sum(busy) + part.processors <= self.processors

    def start(self, part):
        self.waiting.remove(part)
        log = self.directory / f"{part.name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(part.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       env=self.environment, start_new_session=True)
        run = Run(part, log, process=process)
        self.running.append(run)
        self.ends.register(os.pidfd_open(process.pid), selectors.EVENT_READ, run)

    def end(self, key):
        run = key.data
        self.ends.unregister(key.fd)
        os.close(key.fd)
        _, status, usage = os.wait4(run.process.pid, 0)
        run.status = run.process.returncode = os.waitstatus_to_exitcode(status)
        run.took, run.used = time.monotonic() - run.began, usage.ru_utime + usage.ru_stime
        self.running.remove(run)
        self.ended.append(run)
        return run

    def give_up(self):
        """Ends what runs, with all that it has started."""
        for number in signal.SIGTERM, signal.SIGKILL:
            for run in self.running:
                try:
                    os.killpg(run.process.pid, number)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + PATIENCE
            while any(run.process.poll() is None for run in self.running) and time.monotonic() < end:
                time.sleep(0.1)
