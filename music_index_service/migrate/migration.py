"""The migration itself: copy, then read both ends again and compare."""

from ambiance.errors import PreconditionError
from music_index_service.migrate.ends import Content, End, content


def migrate(source: End, target: End) -> Content:
    """Copy an index, and return what both ends hold then.

    Raises:
        PreconditionError: if the target holds anything else before, or afterwards; nothing of the source is
            lost.
    """
    held = content(target.changes())
    if held.written or held.deleted or held.unavailable:
        if held == (wanted := content(source.changes())):
            return wanted  # it was carried over before
        raise PreconditionError(f"the target holds something already: {held}; delete the index there first")
    for changes in source.changes():
        target.write(changes)
    if types := source.attribute_types:
        target.learn_attribute_types(types)
    before, after = content(source.changes()), content(target.changes())
    if before != after:
        raise PreconditionError(f"the ends differ: the source holds {before}; the target {after}")
    return after
