"""Common forenames in England and Wales, as a help in finding names in free text; months, virtues and places are left out."""

_NAMES = """
    aaron abdul abdullah abigail adam adrian ahmed aisha alan albert alex alexander alexandra alfie ali alice alison amanda amber amelia
    amina amir amy andrea andrew angela anita ann anna anne annie anthony archie arthur ashley barbara barry ben benjamin bernard beth
    bethany betty beverley bilal billy bobby brandon brenda brian bryan callum cameron carl carol caroline catherine charles charlie charlotte
    chloe chris christian christina christine christopher claire clare clive colin connor craig daisy dale daniel danielle darren dave david
    dawn dean deborah debbie denise dennis derek diana diane donald donna dorothy douglas duncan dylan eddie edward eileen elaine eleanor
    elizabeth ella ellie emily emma eric erin ethan eva evie fatima finley fiona frances francis frank fred freddie frederick freya gareth
    garry gary gavin gemma geoffrey george georgia gerald gillian glenn gordon graham grant greg hamza hannah harriet harris harrison harry
    harvey hassan hazel heather helen henry holly howard hugh ian ibrahim imran isabel isabella isabelle isla jack jacob jacqueline jade
    jake james jamie jane janet jason jasmine jayden jean jeffrey jenna jennifer jenny jeremy jess jessica jill jim joan joanna joanne
    joe joel john jonathan jordan joseph josh joshua joyce judith julia julian julie karen karl kate katherine kathleen kathryn katie
    keith kelly ken kenneth kerry kevin kieran kim kirsty kyle laura lauren lawrence leah leanne lee leo leon leonard lewis liam linda
    lisa lola lorraine louise luca lucas lucy luke lynn lynne maisie malcolm marcus margaret maria marie marion martin mary mason matthew
    maureen max megan melanie melissa mia michael michelle mike millie mohamed mohammad mohammed molly muhammad mustafa naomi natalie natasha
    nathan neil niamh nicholas nick nicola nigel noah norman oliver olivia omar oscar owen pamela patricia patrick paul paula pauline
    peter phil philip phoebe poppy rachel ralph raymond rebecca reece rhys richard riley rita robert robin roger ronald rosie ross roy russell
    ruth ryan sally sam samantha samuel sandra sara sarah scott sean sebastian sharon sheila shirley simon sophia sophie stacey stephanie
    stephen steve steven stewart stuart susan suzanne sylvia tanya tara teresa terence terry thomas tim timothy toby tom tony tracey tracy trevor
    tyler valerie vanessa vera vincent wayne wendy william yasmin yusuf zachary zara zoe
    """

FORENAMES = frozenset(_NAMES.split())
