"""The end of an evaluation, however it ends: connections are closed, servers that were started for it stop."""

from inspect_ai.hooks import Hooks, RunEnd, hooks

from smacs.bench.inspect_bridge.shared_pool import any_started, close_all


@hooks(name="close_pools", description="Closes the pools that SMACS has opened.")
class CloseAtRunEnd(Hooks):
    """Closes what the models of this package have opened."""

    def enabled(self) -> bool:
        """Only while a pool is open: evaluations without SMACS never see this hook."""
        return any_started()

    async def on_run_end(self, data: RunEnd) -> None:  # noqa: ARG002
        """Close all pools."""
        await close_all()
