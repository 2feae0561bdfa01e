using System.Net;
using System.Net.Sockets;

namespace TenantIdP.Server.Http.Outbound;

public enum OutboundAddressKind
{
    Public,
    Unspecified,
    Loopback,
    Private,
    SharedNat,
    LinkLocal,
    Multicast,
    Documentation,
    Reserved,

    /// <summary>An IPv6 form that carries an IPv4 address (mapped, NAT64, 6to4, Teredo, ISATAP): refused whatever it carries.</summary>
    EmbedsIPv4,
}

/// <summary>Tells a public address from every other kind (IANA special-purpose registries). Does no I/O.</summary>
public static class OutboundAddress
{
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly (IPNetwork Network, OutboundAddressKind Kind)[] Special =
    [
        (IPNetwork.Parse("0.0.0.0/8"), OutboundAddressKind.Unspecified),
        (IPNetwork.Parse("10.0.0.0/8"), OutboundAddressKind.Private),
        (IPNetwork.Parse("100.64.0.0/10"), OutboundAddressKind.SharedNat),
        (IPNetwork.Parse("127.0.0.0/8"), OutboundAddressKind.Loopback),
        (IPNetwork.Parse("169.254.0.0/16"), OutboundAddressKind.LinkLocal),
        (IPNetwork.Parse("172.16.0.0/12"), OutboundAddressKind.Private),
        (IPNetwork.Parse("192.0.0.0/24"), OutboundAddressKind.Reserved),
        (IPNetwork.Parse("192.0.2.0/24"), OutboundAddressKind.Documentation),
        (IPNetwork.Parse("192.88.99.0/24"), OutboundAddressKind.Reserved),
        (IPNetwork.Parse("192.168.0.0/16"), OutboundAddressKind.Private),
        (IPNetwork.Parse("198.18.0.0/15"), OutboundAddressKind.Reserved),
        (IPNetwork.Parse("198.51.100.0/24"), OutboundAddressKind.Documentation),
        (IPNetwork.Parse("203.0.113.0/24"), OutboundAddressKind.Documentation),
        (IPNetwork.Parse("224.0.0.0/4"), OutboundAddressKind.Multicast),
        (IPNetwork.Parse("240.0.0.0/4"), OutboundAddressKind.Reserved),

        (IPNetwork.Parse("::/128"), OutboundAddressKind.Unspecified),
        (IPNetwork.Parse("::1/128"), OutboundAddressKind.Loopback),
        (IPNetwork.Parse("::/96"), OutboundAddressKind.EmbedsIPv4),
        (IPNetwork.Parse("::ffff:0:0:0/96"), OutboundAddressKind.EmbedsIPv4),
        (IPNetwork.Parse("64:ff9b::/96"), OutboundAddressKind.EmbedsIPv4),
        (IPNetwork.Parse("64:ff9b:1::/48"), OutboundAddressKind.EmbedsIPv4),
        (IPNetwork.Parse("100::/64"), OutboundAddressKind.Reserved),
        (IPNetwork.Parse("2001::/32"), OutboundAddressKind.EmbedsIPv4),
        (IPNetwork.Parse("2001::/23"), OutboundAddressKind.Reserved),
        (IPNetwork.Parse("2001:db8::/32"), OutboundAddressKind.Documentation),
        (IPNetwork.Parse("2002::/16"), OutboundAddressKind.EmbedsIPv4),
        (IPNetwork.Parse("3fff::/20"), OutboundAddressKind.Documentation),
        (IPNetwork.Parse("fc00::/7"), OutboundAddressKind.Private),
        (IPNetwork.Parse("fe80::/10"), OutboundAddressKind.LinkLocal),
        (IPNetwork.Parse("fec0::/10"), OutboundAddressKind.LinkLocal),
        (IPNetwork.Parse("ff00::/8"), OutboundAddressKind.Multicast),
    ];

    public static OutboundAddressKind Judge(IPAddress address)
    {
        // IPNetwork.Contains unwraps a mapped address and would judge the IPv4 inside.
        if (address.IsIPv4MappedToIPv6)
            return OutboundAddressKind.EmbedsIPv4;

        foreach (var (network, kind) in Special)
        {
            if (network.Contains(address))
                return kind;
        }

        return address.AddressFamily switch
        {
            AddressFamily.InterNetwork => OutboundAddressKind.Public,
            AddressFamily.InterNetworkV6 when IsIsatap(address) => OutboundAddressKind.EmbedsIPv4,
            AddressFamily.InterNetworkV6 when GlobalUnicast.Contains(address) => OutboundAddressKind.Public,
            _ => OutboundAddressKind.Reserved,
        };
    }

    // RFC 5214 6.1: an interface id of 0000:5efe or 0200:5efe is followed by an IPv4 address.
    private static bool IsIsatap(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes is [_, _, _, _, _, _, _, _, 0x00 or 0x02, 0x00, 0x5e, 0xfe, ..];
    }
}
