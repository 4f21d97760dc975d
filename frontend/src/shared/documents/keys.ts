/** The keys of the entry of documents, by their texts (documents.key): its own sheet shows them, and the help. */
export const ENTRY_KEYS = [
  { key: 'next', press: ['Enter', 'Tab'] },
  { key: 'lines', press: ['↑', '↓'] },
  { key: 'add', press: ['Alt + N'] },
  { key: 'remove', press: ['Ctrl + Delete'] },
  { key: 'restore', press: ['Alt + Z'] },
  { key: 'submit', press: ['Ctrl + Enter'] },
  { key: 'paste', press: ['Ctrl + V'] },
  { key: 'reckon', press: ['3*25', '1,200+80'] },
  { key: 'sheet', press: ['F1', '?'] },
] as const
