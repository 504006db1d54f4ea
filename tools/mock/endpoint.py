"""The mock's addresses, plans and counters."""

import random
from collections import Counter, deque
from functools import partial

import msgspec

from tools.mock import completions, replies
from tools.mock.behaviour import Behaviour, Count, Received, Stats
from tools.mock.wire import Answer, Request

KEPT = 512


class Endpoint:
    """Plans by model name (`*` for the others), counters, and the last requests."""

    def __init__(self, default: Behaviour) -> None:
        self.default = default
        self.ask = msgspec.json.Decoder(replies.Ask)
        self.control = msgspec.json.Decoder(dict[str, Behaviour])
        self.reset()

    def reset(self) -> None:
        """Forget all plans and counters."""
        self.plans: dict[str, Behaviour] = {"*": self.default}
        self.served: Counter[str] = Counter()
        self.total = Count()
        self.counts: dict[str, Count] = {}
        self.received: deque[tuple[Request, str]] = deque(maxlen=KEPT)

    def handle(self, request: Request) -> Answer:
        """The answer to any request."""
        match request.method, request.path:
            case "POST", "/v1/chat/completions" | "/v1/embeddings":
                return self._serve(request)
            case "POST", "/control":
                return self._control(request)
            case "GET", "/control":
                return Answer(msgspec.json.encode(self.stats()))
            case "DELETE", "/control":
                self.reset()
                return Answer(b"{}")
            case "GET", "/v1/models":
                names = sorted(set(self.plans) - {"*"} | set(self.counts))
                data = [{"id": name, "object": "model", "owned_by": "mock"} for name in names]
                return Answer(msgspec.json.encode({"object": "list", "data": data}))
            case "GET", "/health":
                return Answer(b"{}")
            case method, path:
                return Answer(completions.error(f"no such address: {method} {path}", 404), 404)

    def stats(self) -> Stats:
        """The counters and the last requests."""
        received = [
            Received(request.path, model, request.header("authorization"), msgspec.Raw(request.body))
            for request, model in self.received
        ]
        return Stats(self.total, self.counts, received)

    def _control(self, request: Request) -> Answer:
        try:
            plans = self.control.decode(request.body)
        except msgspec.MsgspecError as error:
            return Answer(completions.error(f"expected {{model: plan}}: {error}", 400), 400)
        self.plans |= plans
        for name in plans:
            self.served.pop(name, None)
        return Answer(b"{}")

    def _serve(self, request: Request) -> Answer:
        try:
            ask = self.ask.decode(request.body)
        except msgspec.MsgspecError as error:
            return Answer(completions.error(str(error), 400), 400)
        self.received.append((request, ask.model))
        plan = self._plan(ask.model)
        reply = replies.chat if request.path.endswith("completions") else replies.embeddings
        answer = replies.faulty(ask, plan) or reply(ask, plan)
        if plan.fault == "drop":
            answer.ending = "half"
        answer.latency = plan.latency + random.random() * plan.jitter
        counts = self.total, self.counts.setdefault(ask.model, Count())
        for count in counts:
            count.begin()
        answer.done = partial(end, counts)
        return answer

    def _plan(self, model: str) -> Behaviour:
        plan = self.plans.get(model, self.plans["*"])
        self.served[model] += 1
        if plan.calls is not None and self.served[model] > plan.calls:
            return msgspec.structs.replace(plan, fault="ok")
        return plan


def end(counts: tuple[Count, ...], lost: bool) -> None:
    """Count one request out."""
    for count in counts:
        count.end(lost)
