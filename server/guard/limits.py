"""Limits of each key: past one of them 429, with the time after which it is worth asking again."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.server.guard.allowance import Accounts, Allowance, Bill
from smacs.server.guard.keyfile import Key
from smacs.server.guard.refusal import refuse


class KeyLimits:
    """Hold each key to its limits. The accounts are of this process and begin anew with it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        retry_after: float,
        accounts: Accounts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.app = app
        self.retry_after = retry_after
        self.clock = clock
        self.allowances = Accounts(Allowance) if accounts is None else accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer within the limits of the key."""
        key: Key | None = scope.get("state", {}).get("key")
        if key is None:
            return await self.app(scope, receive, send)
        allowance = self.allowances[key.name]
        refusal = allowance.take(key.limits, self.clock(), self.retry_after)
        if refusal is not None:
            return await refuse(scope, receive, send, refusal)
        exchange = scope["state"]["exchange"]
        exchange.bill = bill = Bill(allowance, key.limits, self.clock)

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                bill.leave()  # before the client can know: its next request must not find its own last one
            await send(message)

        try:
            return await self.app(scope, receive, tell)
        finally:
            bill.leave()
            exchange.settle()
