"""Operations: the journal of changes, how each goes on from its last line, and who undoes it."""
