"""Activities: tasks of a DAG name them by function name. Arguments and results are JSON."""

from temporalio import activity
from temporalio.exceptions import ApplicationError


@activity.defn
async def fit_line(rows: list[dict]) -> dict:
    """Least squares through the points (x, y)."""
    if len(rows) < 2:
        # Baton shows the type; `nonRetryableErrors` of the task speaks of it.
        raise ApplicationError(f"a line needs two points, not {len(rows)}", type="NotEnoughRows")
    activity.logger.info("fitting a line to %d rows", len(rows))
    mean_x = mean_y = 0.0
    for count, row in enumerate(rows, start=1):
        mean_x += (row["x"] - mean_x) / count
        mean_y += (row["y"] - mean_y) / count
        if count % 1000 == 0:
            # Long work says that it lives, and hears here when the task is cancelled.
            activity.heartbeat(count)
    spread = sum((row["x"] - mean_x) ** 2 for row in rows)
    slope = sum((row["x"] - mean_x) * (row["y"] - mean_y) for row in rows) / spread
    return {"slope": round(slope, 9), "intercept": round(mean_y - slope * mean_x, 9), "rows": len(rows)}


@activity.defn
async def forecast(line: dict, xs: list[float]) -> list[float]:
    """The values of the line at each x."""
    return [round(line["intercept"] + line["slope"] * x, 6) for x in xs]
