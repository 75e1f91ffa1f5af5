"""What a run tells of a template's columns, where nobody declared them and its SQL does not prove them. Pure."""

from collections.abc import Mapping, Sequence

from queryflow.domain.flow.template import Output, Template
from queryflow.domain.ids import TemplateId


def is_open(template: Template) -> bool:
    """Whether a run can tell something: no outputs are known, or the type of one is not."""
    return not template.outputs or any(output.type is None for output in template.outputs)


def learn(template: Template, columns: Sequence[tuple[str, str]]) -> tuple[Output, ...]:
    """The outputs with what the result's columns (name and type) add; what is known stays as it is."""
    if not template.outputs:
        return tuple(Output(name=name, type=word) for name, word in columns)
    types = {name.casefold(): word for name, word in columns}
    return tuple(
        output if output.type is not None else output.model_copy(update={"type": types.get(output.name.casefold())})
        for output in template.outputs
    )


def with_learnt(template: Template, learnt: Mapping[tuple[TemplateId, int], tuple[Output, ...]]) -> Template:
    """The template with the outputs that were learnt of this version; itself where nothing was."""
    outputs = learnt.get((template.template_id, template.version))
    return template if outputs is None else template.model_copy(update={"outputs": outputs})
