import { expect, it } from 'vitest'
import { csvOf } from './csv'

it('quotes what has to be quoted, and lets no name be a formula', () => {
  const rows = [{ cells: ['甲,乙', '1,234.50'] }, { cells: ['=HYPERLINK("x")', '-3.5'] }, { cells: ['两\n行', '80 %'] }]
  expect(csvOf({ head: ['名称', '金额'], rows })).toBe('\uFEFF名称,金额\r\n"甲,乙","1,234.50"\r\n"\'=HYPERLINK(""x"")",-3.5\r\n"两\n行",80 %\r\n')
})
