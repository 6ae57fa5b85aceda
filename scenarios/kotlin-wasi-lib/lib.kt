// Functions for whoever embeds the module. Only types of WebAssembly cross: Int, Long, Float, Double.
@file:OptIn(kotlin.wasm.ExperimentalWasmInterop::class)

import kotlin.wasm.WasmExport

@WasmExport
fun add(a: Int, b: Int): Int = a + b

@WasmExport
fun factorial(n: Long): Long = if (n < 2) 1 else n * factorial(n - 1)

@WasmExport
fun half(number: Double): Double = number / 2

@WasmExport
fun sumOfEven(last: Int): Int = (1..last).toList().filter { it % 2 == 0 }.sum()
