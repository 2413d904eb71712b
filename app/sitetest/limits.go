package sitetest

// BehindProxy is the configuration of a site that takes the address of a request from FromAddress.
var BehindProxy = map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8"}

// FromAddress returns the header of a request from an address; see BehindProxy.
func FromAddress(ip string) Header { return Header{"X-Forwarded-For": ip} }

// CountOf returns how often a status is among statuses.
func CountOf(statuses []int, want int) (n int) {
	for _, status := range statuses {
		if status == want {
			n++
		}
	}
	return n
}
