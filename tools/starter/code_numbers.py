"""Functions on numbers: text (after "Write a Python function"), solution, asserts."""

NUMBERS: tuple[tuple[str, str, list[str]], ...] = (
    (
        "add(a, b) that returns the sum of two numbers.",
        "def add(a, b):\n    return a + b",
        ["assert add(2, 3) == 5", "assert add(-1, 1) == 0", "assert add(10, 20) == 30"],
    ),
    (
        "is_even(n) that returns True if the integer n is even and False otherwise.",
        "def is_even(n):\n    return n % 2 == 0",
        ["assert is_even(4) is True", "assert is_even(7) is False", "assert is_even(0) is True"],
    ),
    (
        "square(n) that returns n multiplied by itself.",
        "def square(n):\n    return n * n",
        ["assert square(3) == 9", "assert square(-4) == 16", "assert square(0) == 0"],
    ),
    (
        "larger(a, b) that returns the larger of two numbers.",
        "def larger(a, b):\n    return max(a, b)",
        ["assert larger(1, 2) == 2", "assert larger(5, -5) == 5", "assert larger(3, 3) == 3"],
    ),
    (
        "factorial(n) that returns the product of all whole numbers from 1 to n. factorial(0) is 1.",
        "def factorial(n):\n    result = 1\n    for i in range(2, n + 1):\n        result *= i\n    return result",
        ["assert factorial(0) == 1", "assert factorial(5) == 120", "assert factorial(10) == 3628800"],
    ),
    (
        "is_prime(n) that returns True if the whole number n is a prime number and False otherwise.",
        "def is_prime(n):\n    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))",
        [
            "assert is_prime(2) is True",
            "assert is_prime(1) is False",
            "assert is_prime(91) is False",
            "assert is_prime(97) is True",
            "assert is_prime(0) is False",
        ],
    ),
    (
        "digit_sum(n) that returns the sum of the decimal digits of a non-negative integer n.",
        "def digit_sum(n):\n    return sum(int(digit) for digit in str(n))",
        ["assert digit_sum(0) == 0", "assert digit_sum(123) == 6", "assert digit_sum(9099) == 27"],
    ),
    (
        "gcd(a, b) that returns the greatest common divisor of two positive integers.",
        "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a",
        ["assert gcd(12, 18) == 6", "assert gcd(7, 5) == 1", "assert gcd(100, 10) == 10"],
    ),
    (
        "fibonacci(n) that returns the n-th Fibonacci number, where fibonacci(0) is 0 and fibonacci(1) is 1.",
        "def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a",
        ["assert fibonacci(0) == 0", "assert fibonacci(1) == 1", "assert fibonacci(10) == 55"],
    ),
    (
        "celsius(fahrenheit) that converts a temperature from Fahrenheit to Celsius, rounded to one decimal.",
        "def celsius(fahrenheit):\n    return round((fahrenheit - 32) * 5 / 9, 1)",
        ["assert celsius(32) == 0.0", "assert celsius(212) == 100.0", "assert celsius(100) == 37.8"],
    ),
    (
        "collatz_steps(n) that counts the steps until n becomes 1, where an even n becomes n / 2 and an "
        "odd n "
        "becomes 3n + 1. collatz_steps(1) is 0.",
        "def collatz_steps(n):\n    steps = 0\n    while n != 1:\n"
        "        n = n // 2 if n % 2 == 0 else 3 * n + 1\n"
        "        steps += 1\n    return steps",
        ["assert collatz_steps(1) == 0", "assert collatz_steps(8) == 3", "assert collatz_steps(6) == 8"],
    ),
    (
        "roman(n) that returns the Roman numeral of an integer from 1 to 3999 as a string in capital letters.",
        "def roman(n):\n"
        '    values = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, '
        '"L"),\n'
        '              (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]\n'
        '    text = ""\n    for value, letters in values:\n        while n >= value:\n'
        "            text += letters\n"
        "            n -= value\n    return text",
        ["assert roman(4) == 'IV'", "assert roman(1994) == 'MCMXCIV'", "assert roman(2023) == 'MMXXIII'"],
    ),
)
