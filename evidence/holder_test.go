package evidence

import "testing"

func TestTheHolderOfANetworkTellsItsKind(t *testing.T) {
	for kind, holders := range map[Network][]string{
		Hosting: {
			"Hetzner Online GmbH", "OVH SAS", "DigitalOcean, LLC", "Amazon.com, Inc.", "Amazon Data Services Ireland Ltd",
			"Google LLC", "Microsoft Corporation", "Huawei Cloud Service data center", "Contabo GmbH", "IBM Cloud",
			"Hostinger International Limited", "Datacamp Limited", "The Constant Company, LLC", "Akamai Connected Cloud",
			"EXAMPLE DATACENTER B.V.", "Example Dedicated Servers", "Alibaba (US) Technology Co., Ltd.", "M247 Europe SRL",
			"Shenzhen Tencent Computer Systems Company Limited", "Any VPS", "Example Data Centre Ltd",
		},
		Access: {
			"Proximus NV", "Telenet BV", "Orange Belgium SA", "Deutsche Telekom AG", "Chinanet", "Korea Telecom",
			"Comcast Cable Communications, LLC", "AT&T Enterprises, LLC", "Free SAS", "Free Mobile SAS", "Bharti Airtel Limited",
			"TELEFONICA DE ESPANA S.A.U.", "Google Fiber Inc.", "T-Mobile USA, Inc.", "CHINA UNICOM China169 Backbone",
			"Vodafone Libertel B.V.", `"Kyivstar" PJSC`, "SK Broadband Co Ltd",
		},
		UnknownNetwork: {
			"", "University of Example", "Cogent Communications", "Level 3 Communications, Inc.", "SURF B.V.", "Ford Motor Company",
			"United States Department of Defense (DoD)", "RIPE Network Coordination Centre", "Telekom Cloud Hosting", "A1", "SWITCH",
			"Claranet Limited", "Observer Media", // observ-er
		},
	} {
		for _, holder := range holders {
			if got := NetworkOf(holder); got != kind {
				t.Errorf("%q: %d, want %d", holder, got, kind)
			}
		}
	}
}

// The kind of a network is never more than a hint: people behind a VPN are not called attackers for it, and attackers
// in access networks not persons.
func TestTheKindOfANetworkDecidesNothingAlone(t *testing.T) {
	for network, name := range map[Network]string{Hosting: "all in hosting", Access: "all in access networks"} {
		all := append(scenes(*sceneSeed, 40, people, attackers), scenes(*sceneSeed+1, 40, otherPeople, otherAttackers)...)
		for i := range all {
			all[i].context.Network = network
		}
		judgeAll(t, all).check(t, name)
	}
}

func BenchmarkNetworkOf(b *testing.B) {
	for b.Loop() {
		NetworkOf("Merck and Co., Inc. of the World")
	}
}
