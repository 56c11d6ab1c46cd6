"""Makes the sample bank: the people, what was planted in their access, and the exports of it."""
