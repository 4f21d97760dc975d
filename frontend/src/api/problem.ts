import type { Shortage } from './types'

export interface FieldFault {
  field: string
  code: string
  message: string
}

interface FailureBody {
  message?: string
  code?: string
  request_id?: string
  errors?: FieldFault[]
  permission?: string
  shortages?: Shortage[]
  data?: unknown
}

/** Codes of faults that have no envelope of the server's. */
export const NETWORK = 'network'

/** An answer that is not a success, in the server's words. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly requestId: string | null
  readonly faults: FieldFault[]
  readonly permission: string | null
  readonly shortages: Shortage[]
  /** The present row of a version conflict. */
  readonly present: unknown

  constructor(status: number, body: FailureBody) {
    super(body.message ?? '')
    this.name = 'Problem'
    this.status = status
    this.code = body.code ?? (status === 0 ? NETWORK : `http_${status}`)
    this.requestId = body.request_id ?? null
    this.faults = body.errors ?? []
    this.permission = body.permission ?? null
    this.shortages = body.shortages ?? []
    this.present = body.data
  }

  get isNetwork(): boolean {
    return this.code === NETWORK
  }

  /** `materialCode` → message. Existing names in snake_case are turned. */
  byField(): Record<string, string> {
    const found: Record<string, string> = {}
    for (const { field, message } of this.faults) {
      const name = field.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase())
      found[name] = found[name] ? `${found[name]}；${message}` : message
    }
    return found
  }
}

export function isProblem(fault: unknown): fault is Problem {
  return fault instanceof Problem
}

export function asProblem(fault: unknown): Problem {
  if (isProblem(fault)) return fault
  throw fault
}
