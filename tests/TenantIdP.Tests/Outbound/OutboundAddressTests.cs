using System.Net;
using TenantIdP.Server.Http.Outbound;
using Xunit;

namespace TenantIdP.Tests.Outbound;

[Trait("Attack", "G1")]
public sealed class OutboundAddressTests
{
    [Theory]
    [InlineData("0.0.0.0", OutboundAddressKind.Unspecified)]
    [InlineData("0.1.2.3", OutboundAddressKind.Unspecified)]
    [InlineData("10.0.0.1", OutboundAddressKind.Private)]
    [InlineData("10.255.255.255", OutboundAddressKind.Private)]
    [InlineData("100.64.0.1", OutboundAddressKind.SharedNat)]
    [InlineData("100.127.255.255", OutboundAddressKind.SharedNat)]
    [InlineData("127.0.0.1", OutboundAddressKind.Loopback)]
    [InlineData("127.255.0.9", OutboundAddressKind.Loopback)]
    [InlineData("169.254.169.254", OutboundAddressKind.LinkLocal)]
    [InlineData("172.16.0.1", OutboundAddressKind.Private)]
    [InlineData("172.31.255.255", OutboundAddressKind.Private)]
    [InlineData("192.0.0.192", OutboundAddressKind.Reserved)]
    [InlineData("192.0.2.1", OutboundAddressKind.Documentation)]
    [InlineData("192.88.99.1", OutboundAddressKind.Reserved)]
    [InlineData("192.168.1.1", OutboundAddressKind.Private)]
    [InlineData("198.18.0.1", OutboundAddressKind.Reserved)]
    [InlineData("198.19.255.255", OutboundAddressKind.Reserved)]
    [InlineData("198.51.100.7", OutboundAddressKind.Documentation)]
    [InlineData("203.0.113.7", OutboundAddressKind.Documentation)]
    [InlineData("224.0.0.1", OutboundAddressKind.Multicast)]
    [InlineData("239.255.255.250", OutboundAddressKind.Multicast)]
    [InlineData("240.0.0.1", OutboundAddressKind.Reserved)]
    [InlineData("255.255.255.255", OutboundAddressKind.Reserved)]
    [InlineData("::", OutboundAddressKind.Unspecified)]
    [InlineData("::1", OutboundAddressKind.Loopback)]
    [InlineData("::127.0.0.1", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("::ffff:7f00:1", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("::ffff:8.8.8.8", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("::ffff:0:127.0.0.1", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("64:ff9b::7f00:1", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("64:ff9b:1::a00:1", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("100::1", OutboundAddressKind.Reserved)]
    [InlineData("2001:0:7f00:1::", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("2001:10::1", OutboundAddressKind.Reserved)]
    [InlineData("2001:db8::1", OutboundAddressKind.Documentation)]
    [InlineData("2002:7f00:1::", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("3fff::1", OutboundAddressKind.Documentation)]
    [InlineData("2a00:1450::5efe:7f00:1", OutboundAddressKind.EmbedsIPv4)]
    [InlineData("fc00::1", OutboundAddressKind.Private)]
    [InlineData("fd12:3456::1", OutboundAddressKind.Private)]
    [InlineData("fe80::1", OutboundAddressKind.LinkLocal)]
    [InlineData("fec0::1", OutboundAddressKind.LinkLocal)]
    [InlineData("ff02::1", OutboundAddressKind.Multicast)]
    [InlineData("4000::1", OutboundAddressKind.Reserved)]
    [InlineData("1.1.1.1", OutboundAddressKind.Public)]
    [InlineData("100.63.255.255", OutboundAddressKind.Public)]
    [InlineData("100.128.0.0", OutboundAddressKind.Public)]
    [InlineData("172.15.255.255", OutboundAddressKind.Public)]
    [InlineData("172.32.0.0", OutboundAddressKind.Public)]
    [InlineData("223.255.255.255", OutboundAddressKind.Public)]
    [InlineData("2606:4700::1111", OutboundAddressKind.Public)]
    public void Each_kind_of_address_is_told_apart(string address, OutboundAddressKind expected) =>
        Assert.Equal(expected, OutboundAddress.Judge(IPAddress.Parse(address)));

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("0.0.0.0")]
    public async Task Metadata_and_disguised_addresses_stay_refused_for_a_listed_host(string address)
    {
        using var client = new TestClient(new OutboundOptions { AllowedHosts = ["idp.corp.test"] }, (_, _) => [IPAddress.Parse(address)]);

        var refused = await client.RefusedAsync("https://idp.corp.test/");

        Assert.Equal(OutboundRefusal.AddressNotPublic, refused.Reason);
        Assert.Empty(client.Dialled);
    }
}
