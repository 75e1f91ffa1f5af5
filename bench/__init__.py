"""The workloads of docs/performance.md, ours and the floor programs', measured in one run on one machine."""
