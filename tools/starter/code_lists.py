"""Functions on lists and dictionaries: text (after "Write a Python function"), solution, asserts."""

LISTS: tuple[tuple[str, str, list[str]], ...] = (
    (
        "total(numbers) that returns the sum of a list of numbers, 0 for an empty list.",
        "def total(numbers):\n    return sum(numbers)",
        ["assert total([1, 2, 3]) == 6", "assert total([]) == 0", "assert total([-1, 1]) == 0"],
    ),
    (
        "last(items) that returns the last element of a list.",
        "def last(items):\n    return items[-1]",
        ["assert last([1, 2, 3]) == 3", "assert last(['a']) == 'a'", "assert last([[], [1]]) == [1]"],
    ),
    (
        "smallest(numbers) that returns the smallest number of a list that is not empty.",
        "def smallest(numbers):\n    return min(numbers)",
        [
            "assert smallest([3, 1, 2]) == 1",
            "assert smallest([-5]) == -5",
            "assert smallest([0, -1, 4]) == -1",
        ],
    ),
    (
        "evens(numbers) that returns a list of the even numbers of a list, in their order.",
        "def evens(numbers):\n    return [n for n in numbers if n % 2 == 0]",
        [
            "assert evens([1, 2, 3, 4]) == [2, 4]",
            "assert evens([1, 3]) == []",
            "assert evens([0, -2, 5]) == [0, -2]",
        ],
    ),
    (
        "mean(numbers) that returns the average of a list of numbers, and 0 for an empty list.",
        "def mean(numbers):\n    return sum(numbers) / len(numbers) if numbers else 0",
        ["assert mean([1, 2, 3]) == 2", "assert mean([]) == 0", "assert mean([1, 2]) == 1.5"],
    ),
    (
        "unique(items) that returns the elements of a list without repetitions, in the order of their "
        "first occurrence.",
        "def unique(items):\n    return list(dict.fromkeys(items))",
        [
            "assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]",
            "assert unique([]) == []",
            "assert unique(['b', 'a', 'b']) == ['b', 'a']",
        ],
    ),
    (
        "second_largest(numbers) that returns the second largest different value of a list, or None if there is none.",
        "def second_largest(numbers):\n    values = sorted(set(numbers))\n"
        "    return values[-2] if len(values) > 1 else None",
        [
            "assert second_largest([1, 5, 3]) == 3",
            "assert second_largest([4, 4]) is None",
            "assert second_largest([9, 9, 2]) == 2",
            "assert second_largest([]) is None",
        ],
    ),
    (
        "word_counts(sentence) that returns a dictionary from each word to how often it occurs. Words are "
        "separated by "
        "spaces and put in small letters.",
        "def word_counts(sentence):\n    counts = {}\n    for word in sentence.lower().split():\n"
        "        counts[word] = counts.get(word, 0) + 1\n    return counts",
        [
            "assert word_counts('the cat the dog') == {'the': 2, 'cat': 1, 'dog': 1}",
            "assert word_counts('') == {}",
            "assert word_counts('Go go GO') == {'go': 3}",
        ],
    ),
    (
        "chunks(items, size) that splits a list into lists of the given size; the last one may be shorter.",
        "def chunks(items, size):\n    return [items[i : i + size] for i in range(0, len(items), size)]",
        [
            "assert chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]",
            "assert chunks([], 3) == []",
            "assert chunks([1, 2], 5) == [[1, 2]]",
        ],
    ),
    (
        "transpose(rows) that swaps the rows and columns of a list of equally long lists and returns a list of lists.",
        "def transpose(rows):\n    return [list(column) for column in zip(*rows)]",
        [
            "assert transpose([[1, 2], [3, 4]]) == [[1, 3], [2, 4]]",
            "assert transpose([[1, 2, 3]]) == [[1], [2], [3]]",
            "assert transpose([]) == []",
        ],
    ),
    (
        "flatten(items) that returns a flat list of all elements of a list that may hold lists in lists to any depth.",
        "def flatten(items):\n    flat = []\n    for item in items:\n"
        "        flat.extend(flatten(item) if isinstance(item, list) else [item])\n    return flat",
        [
            "assert flatten([1, [2, [3, 4]], 5]) == [1, 2, 3, 4, 5]",
            "assert flatten([]) == []",
            "assert flatten([[[]], 1]) == [1]",
        ],
    ),
    (
        "merge_intervals(intervals) that takes a list of [start, end] lists and returns the list of merged "
        "intervals, "
        "sorted by start. Intervals that overlap or touch are merged.",
        "def merge_intervals(intervals):\n    merged = []\n    for start, end in sorted(intervals):\n"
        "        if merged and start <= merged[-1][1]:\n            merged[-1][1] = max(merged[-1][1], end)\n"
        "        else:\n            merged.append([start, end])\n    return merged",
        [
            "assert merge_intervals([[1, 3], [2, 6], [8, 10]]) == [[1, 6], [8, 10]]",
            "assert merge_intervals([[5, 6], [1, 5]]) == [[1, 6]]",
            "assert merge_intervals([]) == []",
            "assert merge_intervals([[1, 9], [2, 3]]) == [[1, 9]]",
        ],
    ),
)
