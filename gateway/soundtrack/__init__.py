"""Composes the soundtrack of a long text, passage by passage, reading no more of it ahead than it must.

    text ─▶ sentences ─▶ readings ─▶ passages ─▶ candidates ─▶ sequence ─▶ cues
            (sentencex)   (text       (change     (music        (beam       (reasons,
                           service)    points)     index)        search)     transitions)

Each step is an iterator over the one before, so memory doesn't grow with the text, the first cue comes long
before the last sentence is read, and who stops asking stops the work. How far each reads ahead depends on
the text alone: the same request is answered with the same cues, whatever the machine does meanwhile.
"""
