"""Multiple choice in everyday knowledge: animals, food, geography, time, language, household and culture."""

from tools.starter.item import Item, Option, shuffled

SEED = 47


def items() -> list[Item]:
    """36 items."""
    return shuffled("everyday", [Option(*row[:3], row[3]) for row in ROWS], SEED)


# Subject, question, right option, wrong options.
ROWS: tuple[tuple[str, str, str, tuple[str, str, str]], ...] = (
    ("animals", "Which animal barks?", "Dog", ("Cat", "Fish", "Snake")),
    ("animals", "Which animal gives us wool?", "Sheep", ("Pig", "Chicken", "Frog")),
    ("animals", "What do bees make?", "Honey", ("Milk", "Silk", "Cheese")),
    ("animals", "Which bird cannot fly?", "Ostrich", ("Eagle", "Swallow", "Gull")),
    ("animals", "What is a young cat called?", "Kitten", ("Puppy", "Calf", "Cub")),
    ("animals", "What is a male deer with antlers called?", "Stag", ("Mare", "Ram", "Drake")),
    ("colours", "Which colour is a ripe banana?", "Yellow", ("Blue", "Black", "Purple")),
    (
        "colours",
        "Which colour do you get by mixing blue and yellow paint?",
        "Green",
        ("Orange", "Red", "White"),
    ),
    ("colours", "Which colour of a traffic light means stop?", "Red", ("Green", "Blue", "White")),
    ("food", "Which of these is a fruit?", "Apple", ("Bread", "Butter", "Salt")),
    ("food", "What is the main ingredient of an omelette?", "Eggs", ("Rice", "Potatoes", "Fish")),
    ("food", "From what is wine usually made?", "Grapes", ("Barley", "Apples", "Rice")),
    (
        "food",
        "Which spice is the most expensive by weight?",
        "Saffron",
        ("Black pepper", "Paprika", "Mustard"),
    ),
    ("food", "What makes bread dough rise?", "Yeast", ("Salt", "Vinegar", "Olive oil")),
    ("geography", "Which city is the capital of France?", "Paris", ("Rome", "Berlin", "London")),
    ("geography", "On which continent is Egypt?", "Africa", ("Asia", "Europe", "South America")),
    (
        "geography",
        "Which ocean lies between Europe and North America?",
        "Atlantic Ocean",
        ("Indian Ocean", "Pacific Ocean", "Southern Ocean"),
    ),
    ("geography", "Which city is the capital of Australia?", "Canberra", ("Sydney", "Melbourne", "Perth")),
    (
        "geography",
        "Which country has the city of Toronto?",
        "Canada",
        ("United States", "Ireland", "New Zealand"),
    ),
    ("geography", "Through which city does the river Thames flow?", "London", ("Paris", "Vienna", "Madrid")),
    ("time", "Which day comes after Monday?", "Tuesday", ("Sunday", "Friday", "Saturday")),
    ("time", "How many months does a year have?", "12", ("7", "10", "24")),
    ("time", "How many days does February have in a leap year?", "29", ("28", "30", "31")),
    ("time", "It is 10:40. What time will it be in 35 minutes?", "11:15", ("10:75", "11:05", "11:35")),
    ("time", "If today is Thursday, what day is it in ten days?", "Sunday", ("Saturday", "Monday", "Friday")),
    ("language", "What is the opposite of hot?", "Cold", ("Warm", "Loud", "Heavy")),
    ("language", "Which word means nearly the same as quick?", "Fast", ("Slow", "Late", "Calm")),
    (
        "language",
        "Which of these words is spelled correctly?",
        "Necessary",
        ("Neccessary", "Necesary", "Neccesary"),
    ),
    ("language", "What is the past tense of go?", "Went", ("Goed", "Gone", "Going")),
    ("household", "What do you use to cut paper?", "Scissors", ("A spoon", "A sponge", "A pillow")),
    (
        "household",
        "Where do you keep ice cream at home?",
        "In the freezer",
        ("In the oven", "In the wardrobe", "In the bathtub"),
    ),
    (
        "household",
        "A pan of oil on the stove catches fire. What should you do first if it is safe?",
        "Turn off the heat and cover the pan with a lid",
        ("Pour water on it", "Blow on it", "Carry it outside"),
    ),
    (
        "household",
        "Which object needs no electricity to work?",
        "A broom",
        ("A toaster", "A fridge", "A hairdryer"),
    ),
    (
        "culture",
        "How many players of one team are on the field at the start of a football (soccer) match?",
        "11",
        ("5", "7", "15"),
    ),
    (
        "culture",
        "Who wrote the play Romeo and Juliet?",
        "William Shakespeare",
        ("Charles Dickens", "Jane Austen", "Mark Twain"),
    ),
    ("culture", "How many strings does a violin have?", "4", ("5", "6", "8")),
)
