import charts from './charts.json'

/** What pages with pictures say besides. */
export default { charts }
