// Short stories of our own, to try the page with.

export interface Sample {
  title: string;
  text: string;
}

export const samples: Sample[] = [
  {
    title: "The Lighthouse Keeper's Daughter",
    text: `The morning my father died, the sea was flat as a plate. I had made his tea and carried it up the hundred and nine steps before I understood that nobody would drink it. His hand was cold on the blanket. I sat on the edge of the bed and held it, and could not think of a single thing to do. Outside the gulls went on quarrelling as if nothing had happened.

They buried him on Thursday in the churchyard above the harbour. Six men carried the box. My aunt wept into her gloves and the priest spoke about rest, and about the light that never goes out. I did not weep. I watched the rope slide through their hands, and the earth fall, and felt something in me go down with it.

That evening I walked home along the dunes. The grass moved in long slow waves and the last of the sun lay on the water. A heron stood in the shallows without stirring. I sat down in the sand, took off my shoes, and for an hour I listened to nothing but the wind and the small sound of the tide. It was the first time in a week that I breathed all the way in.

The storm came on the ninth night. By ten the windows were screaming in their frames and I could hear the waves break against the foot of the tower like carts of stone. Then the lamp went out. I ran. I ran up the stairs in the dark with a box of matches in my teeth, and somewhere below me the door burst open and the sea came in. There was a ship out there; I saw her lights swing and vanish and swing again, much too close, driving straight for the Teeth. The wick would not take. My fingers would not obey me. Burn, I shouted, burn, damn you, burn!

It caught. The beam leapt out over the water, white and enormous, and swept across her deck, and I saw men running, saw the wheel go over, saw that great black hull shudder and turn, turn, until she stood out to sea again with all her flags streaming. I stood in the roaring light with my arms in the air and yelled until my voice broke. We had done it, he and I. We had brought her home.

The captain came to thank me in person. He was twenty-six, and his boots were two different sizes because one pair had gone overboard and he had borrowed from the cook. He bowed, slipped on the wet step, sat down in my washtub, and stayed there with great dignity while he finished his sentence. I laughed until I had to hold on to the door. He said he hoped I would always receive visitors so warmly, and asked whether the tub was taken for Sunday.

It was not taken. We danced that Sunday at the harbour feast, under paper lanterns, to two fiddles and a drum. Everybody was there. The baker's children ran between our legs, somebody had rolled out the good barrels, and the old women clapped the time. He danced like a man falling downstairs and he did not stop smiling once.

Later he walked me back up the path. The music was small behind us. He told me about his mother, and I told him about the tea that I had carried up the stairs; and he did not say anything, but took my hand and kept it. When he kissed me the beam went over us, slow and white, and over the sea, and came back, and went over us again.`,
  },
  {
    title: "The House on Quarry Road",
    text: `Nobody had lived in the house on Quarry Road since the winter of the two sisters. The agent gave us the key at the gate and would not come further. It was cheap, he said, looking at his shoes, and the roof was sound.

It was an ordinary afternoon. We swept the kitchen, we opened the shutters, we found a drawer of forks. Tom whistled. There was a swing in the garden, and the children took turns on it till the light began to go.

I woke at three. Something was walking in the room above us, slowly, from the window to the door; and there is no room above us. I lay and counted the steps. Eleven. A pause. Eleven back. Then, very softly, close to the wall beside my head, somebody tried the handle of a door that had been bricked up for forty years.

I could not move. The cold came up through the boards and along my legs. In the doorway, where the passage was darkest, there stood a shape that was darker, and it was small, no taller than a child, and as I looked at it I understood that it had no face and that it was looking at me.

Tom! I seized the lamp and hurled it. It burst on the lintel, flames ran up the paper, and I was already down the corridor, dragging the children out of their beds, one under each arm, kicking the door, running, down the stairs, over the yard, with the whole pack of them after us, I swear it, howling, and the car would not start, and would not start, and then it did.

We stopped at the sea at sunrise. Nobody had spoken for sixty miles. My daughter climbed out in her nightshirt, walked down to the water, and put in one foot. Gulls were sailing over the pier. It's warm, she said, surprised. And it was; the whole sky was pink and gold, and all at once we were all of us in the water with our clothes on, splashing and shrieking, alive.`,
  },
  {
    title: "Last Orders at the Grand",
    text: `I hate him, I thought, folding the napkins. I hate his shoes and his watch and the way he snaps his fingers. Eleven years I had carried plates for that man, and that morning he had thrown the wages book at my head and called me a thief before the whole kitchen. I drove the fork into the cork board. My hands shook. If he had walked in at that moment I would have broken the tray across his teeth.

In walked, instead, a goat. It wore a ribbon. It crossed the dining room of the Grand Hotel at a thoughtful pace, ate the seating plan, and regarded the Bishop of Lodden, who said good evening to it out of pure habit. A small boy in a sailor suit came after it with a rope and a face of utter doom. The pastry cook slid by on a trout. Somebody rang the dinner gong to calm us all down, and the goat, who knew what a bell was for, got up on the piano.

When it was over, and the last of the cream had been wiped from the chandelier, I sat by myself in the empty room. They had forgotten to put out the candles. I thought of my grandmother's inn, and of the long table under the pear tree, of the summers when all of us were still there; how she used to count us in the evening, touching each head. There were nine of us then. It is a car park now.

A hand came down on my shoulder. It was the old cook, with two glasses. He did not say a word about the wages book. To the goat, he said. I looked at him, and at the candles, and something that had been tight in me for years let go. Tomorrow, I said, I am going to open a place of my own. And as I said it I knew that it was true.`,
  },
];
