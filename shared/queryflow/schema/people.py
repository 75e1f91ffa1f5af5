"""The person everything runs as until there are accounts; made by the migrations."""

from uuid import UUID

from queryflow.domain.ids import PersonId

LOCAL_PERSON = PersonId(UUID("00000000-0000-7000-8000-000000000001"))
