// Random numbers that can be had again: the same seed gives the same row (mulberry32).
export function randomFrom(seed) {
    let state = (seed >>> 0) + 0x6d2b79f5;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return (t ^ (t >>> 14)) >>> 0;
    };
    return {
        /** 0 … n-1 */
        below: (n) => Math.floor((next() / 2 ** 32) * n),
    };
}
