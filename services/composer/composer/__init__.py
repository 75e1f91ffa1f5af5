"""The composer: templates, compositions, versions, schedules' definitions, and the requests that start executions."""
