"""Functions on strings: text (after "Write a Python function"), solution, asserts."""

TEXT: tuple[tuple[str, str, list[str]], ...] = (
    (
        "reverse(text) that returns the string backwards.",
        "def reverse(text):\n    return text[::-1]",
        ["assert reverse('abc') == 'cba'", "assert reverse('') == ''", "assert reverse('ab c') == 'c ba'"],
    ),
    (
        'greet(name) that returns "Hello, " followed by the name and an exclamation mark.',
        'def greet(name):\n    return f"Hello, {name}!"',
        [
            "assert greet('Ann') == 'Hello, Ann!'",
            "assert greet('Bo') == 'Hello, Bo!'",
            "assert greet('') == 'Hello, !'",
        ],
    ),
    (
        "count_letter(text, letter) that returns how often the letter occurs in the text.",
        "def count_letter(text, letter):\n    return text.count(letter)",
        [
            "assert count_letter('banana', 'a') == 3",
            "assert count_letter('kiwi', 'z') == 0",
            "assert count_letter('', 'a') == 0",
        ],
    ),
    (
        "count_vowels(text) that returns the number of vowels (a, e, i, o, u, small or capital) in the text.",
        "def count_vowels(text):\n    return sum(letter in 'aeiou' for letter in text.lower())",
        [
            "assert count_vowels('hello') == 2",
            "assert count_vowels('AEIOU') == 5",
            "assert count_vowels('rhythm') == 0",
        ],
    ),
    (
        "is_palindrome(text) that returns True if the text reads the same forwards and backwards. Ignore "
        "spaces and "
        "the case of letters.",
        "def is_palindrome(text):\n    text = text.replace(' ', '').lower()\n    return text == text[::-1]",
        [
            "assert is_palindrome('level') is True",
            "assert is_palindrome('Never odd or even') is True",
            "assert is_palindrome('hello') is False",
        ],
    ),
    (
        "longest_word(sentence) that returns the longest word of a sentence whose words are separated by "
        "spaces. If "
        "several are equally long, return the first.",
        "def longest_word(sentence):\n    return max(sentence.split(), key=len)",
        [
            "assert longest_word('a quick brown fox') == 'quick'",
            "assert longest_word('one') == 'one'",
            "assert longest_word('to be or not') == 'not'",
        ],
    ),
    (
        "initials(name) that returns the first letters of all words of a name as capitals, without spaces.",
        "def initials(name):\n    return ''.join(word[0].upper() for word in name.split())",
        [
            "assert initials('ada lovelace') == 'AL'",
            "assert initials('Grace Brewster Hopper') == 'GBH'",
            "assert initials('plato') == 'P'",
        ],
    ),
    (
        "is_anagram(a, b) that returns True if two words have exactly the same letters, in any order and "
        "whatever "
        "their case.",
        "def is_anagram(a, b):\n    return sorted(a.lower()) == sorted(b.lower())",
        [
            "assert is_anagram('Listen', 'Silent') is True",
            "assert is_anagram('abc', 'abd') is False",
            "assert is_anagram('aab', 'abb') is False",
        ],
    ),
    (
        "caesar(text, shift) that shifts every small letter a-z by the given number of places in the "
        "alphabet, going "
        "on at a after z, and leaves all other characters as they are.",
        "def caesar(text, shift):\n"
        "    return ''.join(\n"
        "        chr((ord(letter) - 97 + shift) % 26 + 97) if 'a' <= letter <= 'z' else letter for letter "
        "in text\n    )",
        [
            "assert caesar('abc', 1) == 'bcd'",
            "assert caesar('xyz', 3) == 'abc'",
            "assert caesar('hi, Bob!', 2) == 'jk, Bqd!'",
            "assert caesar('bcd', -1) == 'abc'",
        ],
    ),
    (
        "encode(text) that replaces every run of the same character by the character and the length of the "
        "run, so "
        "that encode('aaab') is 'a3b1'.",
        "from itertools import groupby\n\n\ndef encode(text):\n"
        "    return ''.join(f'{letter}{len(list(run))}' for letter, run in groupby(text))",
        ["assert encode('aaab') == 'a3b1'", "assert encode('') == ''", "assert encode('abba') == 'a1b2a1'"],
    ),
    (
        "balanced(text) that returns True if all round, square and curly brackets in the text are closed "
        "in the right "
        "order, and False otherwise. Other characters do not matter.",
        "def balanced(text):\n    pairs = {')': '(', ']': '[', '}': '{'}\n    open_ones = []\n"
        "    for letter in text:\n"
        "        if letter in '([{':\n            open_ones.append(letter)\n        elif letter in pairs:\n"
        "            if not open_ones or open_ones.pop() != pairs[letter]:\n                return False\n"
        "    return not open_ones",
        [
            "assert balanced('(a[b]{c})') is True",
            "assert balanced('(]') is False",
            "assert balanced('((') is False",
            "assert balanced('') is True",
        ],
    ),
    (
        "snake_case(name) that turns a name like parseHttpReply into parse_http_reply: every capital "
        "letter becomes an "
        "underscore and the small letter.",
        "def snake_case(name):\n"
        "    return ''.join('_' + letter.lower() if letter.isupper() else letter for letter in name)",
        [
            "assert snake_case('parseHttpReply') == 'parse_http_reply'",
            "assert snake_case('name') == 'name'",
            "assert snake_case('aB') == 'a_b'",
        ],
    ),
)
