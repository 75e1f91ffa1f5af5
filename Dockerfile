# One image for the four services and the command line; the command says which: composer, executor, scheduler, status.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1

RUN useradd --uid 10001 --create-home queryflow
WORKDIR /srv/queryflow

COPY requirements/base.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt

COPY shared shared
COPY services services
COPY cli cli
RUN python -m compileall -q shared services cli
# A .pth file, not PYTHONPATH: the sandbox starts its processes isolated and with an empty environment.
RUN printf '/srv/queryflow/%s\n' shared services/composer services/executor services/scheduler services/status cli \
    > "$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/queryflow.pth"

USER queryflow
ENTRYPOINT ["python", "-P", "-m"]
CMD ["queryflow_cli", "--help"]
