/**
 * Where a decimal stands on an axis. Fifteen digits are enough for pixels; whatever is read of a picture is the text of its table,
 * so nothing that comes from here is ever shown as a figure.
 */
import type { Dec } from '@/shared/decimal/decimal'

export const position = (value: Dec): number => Number(value)
