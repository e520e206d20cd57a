"""The migration itself: copy, then read both ends again and compare."""

from ambiance.errors import PreconditionError
from music_index_service.migrate.ends import Content, End, content, held_by


def migrate(source: End, target: End) -> Content:
    """Copy an index, and return what both ends hold then. What was cut short goes on where it stopped.

    Raises:
        PreconditionError: if the target holds anything else before, or afterwards; nothing of the source is
            lost.
    """
    held = held_by(target.changes())
    if held and not held.items() <= held_by(source.changes()).items():
        what = f"the target holds something already: {content(held)}"
        raise PreconditionError(f"{what}, not only what the source holds; delete the index there first")
    for changes in source.changes():
        if missing := [change for change in changes if change.clip_id not in held]:
            target.write(missing)
    if types := source.attribute_types:
        target.learn_attribute_types(types)
    before, after = content(held_by(source.changes())), content(held_by(target.changes()))
    if before != after:
        raise PreconditionError(f"the ends differ: the source holds {before}; the target {after}")
    return after
