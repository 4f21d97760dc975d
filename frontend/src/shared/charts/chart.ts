import type { EChartsCoreOption } from 'echarts/core'
import type { RouteLocationRaw } from 'vue-router'

/** What a row of the table under a picture says; `to`: where the rows behind it are. The first cell is its name. */
export interface ChartRow {
  cells: string[]
  to?: RouteLocationRaw
}

export interface ChartTable {
  head: string[]
  rows: ChartRow[]
}

/** What one points at: a place on the axis across, on the axis up, or a mark by itself. Its number is that of the table's row. */
export type Pointing = 'x' | 'y' | 'item'

/** The colours and measures of the present theme and screen. */
export interface Look {
  palette: string[]
  text: string
  soft: string
  line: string
  card: string
  bad: string
  heat: [string, string]
  font: string
  narrow: boolean
  moves: boolean
}

export type Build = (look: Look) => EChartsCoreOption

/** `12,3万` or `123K`: for the marks of an axis, not for figures. */
export function axisNumber(language: string): (value: number) => string {
  const format = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 })
  return (value) => format.format(value)
}

/** What a row says in one breath: its name, then each figure with what it is. */
export function wordsOf({ head }: ChartTable, row: ChartRow): string[] {
  return row.cells.map((cell, i) => (i === 0 ? cell : `${head[i] ?? ''} ${cell}`))
}

/** Lists that grow along with an axis: names shortened to what fits. */
export const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** A shaft of numbers from nought, and one of names. */
export function valueAxis(look: Look, language: string, name = '') {
  return {
    type: 'value', min: 0, name, nameTextStyle: { color: look.soft, fontSize: 12 },
    axisLabel: { color: look.soft, formatter: axisNumber(language) }, splitLine: { lineStyle: { color: look.line } },
  }
}

export function nameAxis(look: Look, names: string[], more: Record<string, unknown> = {}) {
  return {
    type: 'category', data: names, axisLine: { lineStyle: { color: look.line } }, axisTick: { show: false },
    axisLabel: { color: look.soft, hideOverlap: true, ...more },
  }
}

/** All names of a few, slanted where there is little room. */
export const everyName = (look: Look) => ({ interval: 0, hideOverlap: false, rotate: look.narrow ? 35 : 0 })

export const legend = (look: Look) => ({ top: 0, left: 'center', icon: 'roundRect', textStyle: { color: look.text } })
