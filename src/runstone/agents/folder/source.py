"""A sweep in a directory as a source of trials for one agent."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Callable, Mapping, Sequence

from runstone.agents.folder import rules
from runstone.agents.folder.errors import FolderError
from runstone.agents.folder.following import Folder, reaching
from runstone.agents.folder.liveness import Beats, Silence, ring
from runstone.agents.folder.rules import Plan
from runstone.agents.folder.runs import RunLog, run_folder
from runstone.agents.folder.state import Draft, Trial
from runstone.agents.source import Assignment, Claimed, Ending, Orders, SweepSpec
from runstone.search.endings import Outcome
from runstone.search.numbering import MODEL_SECONDS
from runstone.search.pruning import counts_reports, judged, thinned
from runstone.search.records import ENDED, Proposal
from runstone.search.search import Search
from runstone.search.space import NoCombination

_ID_CHARS = string.ascii_lowercase + string.digits


class FolderSource:
    """The `TrialSource` of one agent."""

    def __init__(
        self,
        folder: Folder,
        sweep: SweepSpec,
        *,
        seed: int,
        lease_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._sweep = sweep
        self._plan = Plan(sweep.id, sweep.config)
        self._search = Search(sweep.config, seed=seed)
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._beats = Beats(folder.root, folder.files)
        self._silence = Silence(lease_seconds, clock)
        self._agent_id = ""
        self._given: dict[int, tuple[int, float]] = {}  # attempt, and when it was last said to be held
        self._logs: dict[str, RunLog] = {}

    @property
    def sweep(self) -> SweepSpec:
        return self._sweep

    @property
    def beat_seconds(self) -> float:
        return self._lease_seconds / 6

    def join(self, *, host: str, name: str) -> str:
        agent_id = "".join(secrets.choice(_ID_CHARS) for _ in range(12))
        with reaching(self._folder.root):
            self._beats.beat(agent_id)
        now = time.time()
        self._folder.act(
            lambda draft: draft.change_agent(agent_id, name=name[:1_000], host=host[:1_000], created_at=now)
        )
        self._agent_id = agent_id
        return agent_id

    # -- handing out

    def claim(self, count: int) -> Claimed:
        with self._folder.lock:
            self._watch()
            self._take_late()
            proposed: dict[int, Proposal] = {}

            def decide(draft: Draft) -> rules.Claim:
                draft.heard(self._agent_id)
                propose = self._proposer(draft, proposed)
                return rules.claim(draft, self._plan, self._agent_id, count, propose, now=time.time())

            found = self._folder.act(decide)
            for trial in found.trials:
                self._given[trial.number] = (trial.attempt, self._clock())
            state = str(self._folder.state.sweep["state"])
        assignments = [self._assignment(trial) for trial in found.trials]
        return Claimed(assignments, state, found.wait_seconds, found.done, found.why)

    def _proposer(self, draft: Draft, known: dict[int, Proposal]) -> rules.Proposer:
        """Proposes anew only what was not yet: who has to try again because others acted does not pay
        again, and a number is given once, whoever gives it."""

        def propose(numbers: Sequence[int]) -> list[Proposal]:
            missing = [number for number in numbers if number not in known]
            try:
                records = draft.state.records() if self._sweep.config.is_adaptive else ()
                made = self._search.propose(records, missing, seconds=MODEL_SECONDS) if missing else []
            except (NoCombination, ImportError) as error:
                raise FolderError(str(error)) from None
            known.update(zip(missing, made, strict=False))
            return [known[number] for number in numbers if number in known]

        return propose

    def _assignment(self, trial: Trial) -> Assignment:
        arguments = self._sweep.config.space.arguments(trial.params)
        place = str(run_folder(self._folder.root, trial.run_id, trial.number))
        return Assignment(
            trial.number,
            trial.attempt,
            trial.run_id,
            trial.params,
            arguments,
            environment={"RUNSTONE_DIR": place, "WANDB_DIR": place},
        )

    # -- while they run

    def beat(self, held: Mapping[int, int]) -> Orders:
        with self._folder.lock, reaching(self._folder.root):
            self._beats.beat(self._agent_id)
            now = self._clock()
            self._given |= {number: (attempt, now) for number, attempt in held.items()}
            self._watch()
            if self._sweep.config.early_terminate is not None:
                self._learn_curves(held)

            def decide(draft: Draft) -> list[int]:
                draft.heard(self._agent_id)
                self._give_up_unheld(draft, held)
                return rules.regain(draft, held)

            lost = self._folder.act(decide)
            for number in lost:
                self._given.pop(number, None)
            state = self._folder.state
            stop = {
                number: state.trials[number].stop
                for number in held.keys() - set(lost)
                if state.trials[number].stop
            }
            return Orders(str(state.sweep["state"]), stop, lost)

    def _give_up_unheld(self, draft: Draft, held: Mapping[int, int]) -> None:
        """What all think that this agent has, and it has not: the answer to its claim got lost."""
        now = self._clock()
        for trial in draft.of_agent(self._agent_id):
            attempt, at = self._given.get(trial.number, (0, 0.0))
            mine = attempt == trial.attempt and now - at < self._lease_seconds
            if held.get(trial.number) != trial.attempt and not mine:
                rules.lose(draft, self._plan, trial, now=time.time())

    def report(self, number: int, attempt: int, points: Sequence[tuple[int, float]]) -> str:
        with self._folder.lock:
            by_report = counts_reports(self._sweep.config.early_terminate)

            def decide(draft: Draft) -> None:
                trial = rules.held(draft, number, attempt)
                curve = {int(x): float(value) for x, value in trial.curve}
                for step, value in points:
                    curve[max(curve, default=0) + 1 if by_report else step] = value
                self._judge(draft, trial, [list(point) for point in thinned(sorted(curve.items()))])

            self._folder.act(decide)
            return self._folder.state.trials[number].stop

    def _curve(self, log: RunLog) -> list[list[float]]:
        """As the sweep's rule counts; nothing where there is no rule."""
        rule = self._sweep.config.early_terminate
        if rule is None:
            return []
        points = dict(log.points)
        steps = enumerate(points.values(), 1) if counts_reports(rule) else points.items()
        return [list(point) for point in thinned(sorted(steps))]

    def _learn_curves(self, held: Mapping[int, int]) -> None:
        """From the journals of what runs here; one act for all."""
        curves: dict[int, list[list[float]]] = {}
        for number, attempt in held.items():
            trial = self._folder.state.trials.get(number)
            if trial is None or trial.attempt != attempt:
                continue
            log = self._log_of(trial)
            log.read()
            curves[number] = self._curve(log)

        def decide(draft: Draft) -> None:
            for number, curve in curves.items():
                trial = draft.trial(number)
                if trial is not None and trial.attempt == held[number] and curve != trial.curve:
                    self._judge(draft, trial, curve)

        self._folder.act(decide)

    def _judge(self, draft: Draft, trial: Trial, curve: list[list[float]]) -> None:
        """Note the curve, and stop the trial if the sweep's rule says so."""
        draft.change(trial.number, curve=curve)
        if trial.stop or trial.state != "running":
            return
        own = draft.trial(trial.number)
        assert own is not None
        verdict = judged(self._sweep.config, own.record(), draft.state.records())
        if verdict is None:
            return
        kept = {
            "rule": verdict.rule,
            "step": verdict.step,
            "value": verdict.value,
            "threshold": verdict.threshold,
            "reason": verdict.reason,
        }
        draft.change(trial.number, stop=f"{verdict.rule}: {verdict.reason}", verdict=kept)

    # -- how they end

    def complete(self, number: int, attempt: int, ending: Ending) -> bool:
        config = self._sweep.config
        if ending.state not in ENDED:
            raise FolderError(
                f"{ending.state!r:.40} is no end of a trial. One of {', '.join(sorted(ENDED))}."
            )
        if ending.values is not None and len(ending.values) != len(config.metrics):
            raise FolderError(f"{len(ending.values)} values for {len(config.metrics)} objectives.")
        outcome = Outcome(ending.state, ending.values, ending.metrics, ending.exit_code, ending.error)
        with self._folder.lock:
            trial = self._folder.follow().trials.get(number)
            summary = None
            curve: list[list[float]] = []
            if trial is not None and trial.attempt == attempt and trial.state not in ENDED:
                log = self._log_of(trial)
                log.read()
                summary = None if ending.values is not None else log.summary()
                curve = self._curve(log)
                if outcome.state == "failed" and (found := log.ended())[0] == "oom":
                    outcome = Outcome("oom", ending.values, ending.metrics, ending.exit_code, found[2])

            def decide(draft: Draft) -> bool:
                now = draft.trial(number)
                if curve and now is not None and now.attempt == attempt and now.state not in ENDED:
                    draft.change(number, curve=curve)  # others that still run are judged by it
                return rules.complete(
                    draft, self._plan, number, attempt, outcome, now=time.time(), summary=summary
                )

            taken = self._folder.act(decide)
            self._given.pop(number, None)
            if trial is not None:
                self._logs.pop(trial.run_id, None)
        return taken

    def leave(self) -> None:
        self._folder.act(lambda draft: rules.leave(draft, self._plan, self._agent_id, now=time.time()))
        with self._folder.lock:
            self._given.clear()
            with reaching(self._folder.root):
                self._folder.files.remove(self._folder.root / "agents" / self._agent_id)

    # -- those who went silent

    def _watch(self) -> None:
        """Look at others; what was held by one that is silent for a lease waits again."""
        with reaching(self._folder.root):
            state = self._folder.follow()
            living = [
                agent.id for agent in state.agents.values() if agent.lives and agent.id != self._agent_id
            ]
            watched = ring(living, self._agent_id)
            orphans = [
                trial
                for number in sorted(state.running)
                if not state.agents[(trial := state.trials[number]).agent].lives
                and trial.agent != self._agent_id
            ]
            silent = {}
            for agent_id in watched:
                silent[agent_id] = self._silence.look(agent_id, self._beats.value(agent_id))
                if silent[agent_id] >= self._lease_seconds / 2:
                    orphans += [state.trials[n] for n in state.running if state.trials[n].agent == agent_id]
            quiet = {trial.number: self._silence.look(*self._heard_of(trial)) for trial in orphans}
            self._silence.forget([*watched, *(trial.run_id for trial in orphans)])
        gone = {agent_id for agent_id, seconds in silent.items() if seconds >= self._lease_seconds}
        over = [
            trial
            for trial in orphans
            if (trial.agent in gone or trial.agent not in silent)
            and (self._log_of(trial).ended()[0] or quiet[trial.number] >= self._lease_seconds / 2 - 1e-9)
        ]
        if gone or over:
            self._folder.act(lambda draft: self._settle(draft, gone, over))
            for trial in over:
                self._logs.pop(trial.run_id, None)

    def _take_late(self) -> None:
        """What came of attempts that were given up for their silence, before they are made anew."""
        with reaching(self._folder.root):
            state = self._folder.follow()
            waiting = [state.trials[number] for number in state.queued if state.trials[number].attempt]
            finished = []
            for trial in waiting:
                self._log_of(trial).read()
                if self._log_of(trial).ended()[0] == "finished":
                    finished.append(trial)

        def decide(draft: Draft) -> None:
            for seen in finished:
                log = self._log_of(seen)
                outcome = Outcome("finished", exit_code=0)
                trial = draft.trial(seen.number)
                if trial is not None and trial.attempt == seen.attempt and trial.state == "queued":
                    rules.end(draft, self._plan, trial, outcome, now=time.time(), summary=log.summary())

        if finished:
            self._folder.act(decide)

    def _heard_of(self, trial: Trial) -> tuple[str, int]:
        """The training may outlive its agent: as long as its run grows, it is not begun again."""
        return trial.run_id, self._log_of(trial).read()

    def _settle(self, draft: Draft, gone: set[str], over: Sequence[Trial]) -> None:
        for agent_id in gone:
            if draft.state.agents[agent_id].lives:
                draft.change_agent(agent_id, lost=True)
        for seen in over:
            trial = draft.trial(seen.number)
            if trial is None or trial.attempt != seen.attempt or trial.state != "running":
                continue
            if draft.state.agents[trial.agent].lives and trial.agent not in gone:
                continue  # it was heard of meanwhile
            log = self._log_of(trial)
            state, exit_code, error = log.ended()
            if state is None:
                rules.lose(draft, self._plan, trial, now=time.time())
            else:
                outcome = Outcome(state, exit_code=exit_code, error=error)
                if curve := self._curve(log):
                    draft.change(trial.number, curve=curve)
                rules.end(draft, self._plan, trial, outcome, now=time.time(), summary=log.summary())

    def _log_of(self, trial: Trial) -> RunLog:
        log = self._logs.get(trial.run_id)
        if log is None:
            metrics = self._sweep.config.metrics
            folder = run_folder(self._folder.root, trial.run_id, trial.number)
            log = self._logs[trial.run_id] = RunLog(folder, metrics[0].key if metrics else "")
        return log
