"""The gate for runs that LangGraph starts, at once or in the background: they count for the key that made them.

Such a run is not a request: it may begin long after the request that asked for it was answered. LangGraph remembers who
made it, as the identity that `owners` gives; a run that belongs to nobody passes.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import ValidationError

from smacs.errors import GateError, SmacsError
from smacs.graph.settings import rules_of
from smacs.nodes.shared.settings import Form
from smacs.server.guard.exchange import RUN, Exchange, current
from smacs.server.guard.keys import Keyring
from smacs.server.guard.limits import Accounts, Allowance, Bill
from smacs.server.guard.refusal import Refusal
from smacs.server.keyfile import Limits


class Gate:
    """Lets a run begin within the limits of its key, and has the key pay for it."""

    def __init__(
        self, keyring: Keyring, accounts: Accounts, *, retry_after: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._keyring = keyring
        self._accounts = accounts
        self._retry_after = retry_after
        self._clock = clock

    @asynccontextmanager
    async def run(self, graph: Any, config: Any, context: Any) -> AsyncIterator[Any]:
        """Around a run of one of our graphs; yields the config that its calls are charged by.

        Raises GateError when it must not begin.
        """
        configurable = (config or {}).get("configurable") or {}
        owner = configurable.get("langgraph_auth_user_id")
        if not owner or RUN in configurable or current() is not None:  # nobody's, or a part of what is paid for already
            yield config
            return
        key = await self._keyring.named(owner)
        if key is None:
            raise GateError(f"This run was made with the API key {owner!r}, which is no longer valid.")
        allowance = self._accounts[owner]
        self._admit(allowance, key.limits)
        exchange = Exchange("", key=owner, bill=Bill(allowance, key.limits, self._clock))
        allowance.runs += 1
        try:
            self._expect(exchange.reserve(_most_tokens(graph, context), self._retry_after))
            yield {**config, "configurable": {**configurable, RUN: exchange}}
        finally:
            allowance.runs -= 1
            exchange.settle()

    async def refusal(self, owner: str) -> Refusal | None:
        """Why a key may not start one more run now, if it may not."""
        key = await self._keyring.named(owner)
        return self._accounts[owner].may_run(key.limits, self._clock(), self._retry_after) if key else None

    def _admit(self, allowance: Allowance, limits: Limits) -> None:
        self._expect(allowance.may_run(limits, self._clock(), self._retry_after))

    def _expect(self, refusal: Refusal | None) -> None:
        if refusal is not None:
            raise GateError(refusal.message)


def _most_tokens(graph: Any, context: Any) -> int:
    """Tokens that the run may take at most; 0 where its settings cannot be used, so that it ends at once."""
    rules = rules_of(graph)
    try:
        form = context if isinstance(context, Form) else graph.context_schema(**(context or {}))
        return rules.most_tokens(rules.settings(form))
    except (ValidationError, SmacsError, TypeError):
        return 0
