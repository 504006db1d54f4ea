"""Multiple choice in science: physics, chemistry, biology, astronomy and earth science."""

from tools.starter.item import Item, Option, shuffled

SEED = 41


def items() -> list[Item]:
    """36 items."""
    return shuffled("science", [Option(*row[:3], row[3]) for row in ROWS], SEED)


# Subject, question, right option, wrong options.
ROWS: tuple[tuple[str, str, str, tuple[str, str, str]], ...] = (
    ("physics", "What do we call frozen water?", "Ice", ("Steam", "Sand", "Oil")),
    (
        "physics",
        "Which force pulls a dropped ball to the ground?",
        "Gravity",
        ("Friction", "Magnetism", "Buoyancy"),
    ),
    ("physics", "What is the unit of force?", "Newton", ("Watt", "Pascal", "Volt")),
    ("physics", "What is the unit of electrical resistance?", "Ohm", ("Ampere", "Joule", "Hertz")),
    (
        "physics",
        "A car covers 150 metres in 10 seconds at constant speed. How fast is it?",
        "15 m/s",
        ("1.5 m/s", "160 m/s", "1,500 m/s"),
    ),
    (
        "physics",
        "A net force of 12 N acts on a mass of 3 kg. What is its acceleration?",
        "4 m/s²",
        ("36 m/s²", "0.25 m/s²", "9 m/s²"),
    ),
    (
        "physics",
        "Which of these travels fastest in empty space?",
        "Light",
        ("A rifle bullet", "A jet plane", "A comet"),
    ),
    (
        "physics",
        "A resistor of 6 ohms is connected to a 12 volt battery. What current flows through it?",
        "2 amperes",
        ("0.5 amperes", "18 amperes", "72 amperes"),
    ),
    (
        "physics",
        "The speed of an object doubles. What happens to its kinetic energy?",
        "It becomes four times as large",
        ("It doubles", "It stays the same", "It is halved"),
    ),
    ("chemistry", "What is the chemical formula of water?", "H2O", ("CO2", "NaCl", "O3")),
    ("chemistry", "Which element has the symbol Fe?", "Iron", ("Fluorine", "Lead", "Silver")),
    (
        "chemistry",
        "Which gas makes up most of the air we breathe?",
        "Nitrogen",
        ("Oxygen", "Carbon dioxide", "Argon"),
    ),
    ("chemistry", "What is the pH of a neutral solution at 25 °C?", "7", ("0", "1", "14")),
    (
        "chemistry",
        "Which particle in an atom carries a negative charge?",
        "Electron",
        ("Proton", "Neutron", "Nucleus"),
    ),
    ("chemistry", "How many protons does a carbon atom have?", "6", ("4", "8", "12")),
    (
        "chemistry",
        "What kind of bond holds sodium and chlorine together in table salt?",
        "Ionic bond",
        ("Metallic bond", "Hydrogen bond", "Double covalent bond"),
    ),
    (
        "chemistry",
        "What forms when an acid reacts with a base such as sodium hydroxide?",
        "A salt and water",
        ("Only oxygen", "A metal and hydrogen", "Two acids"),
    ),
    (
        "chemistry",
        "How many moles are there in 36 grams of water, whose molar mass is 18 g/mol?",
        "2",
        ("0.5", "18", "648"),
    ),
    (
        "chemistry",
        "Which group of elements hardly reacts at all?",
        "Noble gases",
        ("Halogens", "Alkali metals", "Alkaline earth metals"),
    ),
    (
        "biology",
        "Which part of a plant takes up water from the soil?",
        "The roots",
        ("The flowers", "The fruit", "The seeds"),
    ),
    (
        "biology",
        "What do plants take from the air to make sugar?",
        "Carbon dioxide",
        ("Nitrogen", "Helium", "Methane"),
    ),
    (
        "biology",
        "Which part of a cell releases most of its energy by respiration?",
        "Mitochondrion",
        ("Ribosome", "Cell wall", "Golgi apparatus"),
    ),
    (
        "biology",
        "Which molecule stores genetic information in human cells?",
        "DNA",
        ("Glucose", "Cholesterol", "Keratin"),
    ),
    ("biology", "Which of these animals is a mammal?", "Dolphin", ("Shark", "Penguin", "Crocodile")),
    ("biology", "How many legs does an insect have?", "6", ("4", "8", "10")),
    (
        "biology",
        "Both parents carry one copy of a recessive disease gene. What is the chance that their child has the disease?",
        "1 in 4",
        ("1 in 2", "3 in 4", "1 in 8"),
    ),
    (
        "biology",
        "Which kind of cell division produces eggs and sperm?",
        "Meiosis",
        ("Mitosis", "Budding", "Binary fission"),
    ),
    (
        "biology",
        "In DNA, which base pairs with adenine?",
        "Thymine",
        ("Guanine", "Cytosine", "Uracil"),
    ),
    ("astronomy", "Which planet is closest to the Sun?", "Mercury", ("Mars", "Jupiter", "Neptune")),
    (
        "astronomy",
        "Which body do we see shine by reflecting the light of the Sun?",
        "The Moon",
        ("Sirius", "Polaris", "Betelgeuse"),
    ),
    (
        "astronomy",
        "Which is the largest planet of the solar system?",
        "Jupiter",
        ("Earth", "Saturn", "Uranus"),
    ),
    (
        "astronomy",
        "What mainly causes the seasons on Earth?",
        "The tilt of its axis",
        ("Its changing distance from the Sun", "The phases of the Moon", "Sunspots"),
    ),
    (
        "astronomy",
        "Which process powers the Sun?",
        "Fusion of hydrogen into helium",
        ("Fission of uranium", "Burning of carbon", "Decay of radium"),
    ),
    ("earth science", "What comes out of an erupting volcano?", "Lava", ("Snow", "Crude oil", "Sea salt")),
    (
        "earth science",
        "Which kind of rock forms when magma or lava cools?",
        "Igneous",
        ("Sedimentary", "Metamorphic", "Fossil"),
    ),
    (
        "earth science",
        "Which layer of the atmosphere lies closest to the ground?",
        "Troposphere",
        ("Stratosphere", "Mesosphere", "Thermosphere"),
    ),
)
