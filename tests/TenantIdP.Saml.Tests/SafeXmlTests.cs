using TenantIdP.Saml.Xml;
using Xunit;

namespace TenantIdP.Saml.Tests;

public sealed class SafeXmlTests
{
    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")]
    [InlineData("<a><!-- split --></a>")]
    [InlineData("<a><?split this?></a>")]
    [InlineData("<a><![CDATA[split]]></a>")]
    [InlineData("<a>")]
    [InlineData("")]
    [InlineData("<a>\u0001</a>")]
    [Trait("Attack", "I")]
    public void What_two_parsers_could_read_differently_is_no_message(string text) => Assert.False(SafeXml.TryParse(text, XmlLimits.Message, out _, out _));

    /// <summary>The tree's own answer would be an exception that is none of XML's.</summary>
    [Theory, InlineData("1.1"), InlineData("1.0file:///"), InlineData("1.00"), InlineData("2.0"), InlineData("")]
    [Trait("Attack", "I")]
    public void Another_version_of_xml_is_refused_without_an_exception(string version)
    {
        foreach (var limits in new[] { XmlLimits.Message, XmlLimits.Logout, XmlLimits.Metadata }) Assert.False(SafeXml.TryParse($"<?xml version='{version}'?><a/>", limits, out _, out _));
    }

    [Fact]
    [Trait("Attack", "G3")]
    public void A_document_of_a_hundred_thousand_levels_is_refused_before_a_tree_is_built()
    {
        var text = string.Concat(Enumerable.Repeat("<a>", 100_000)) + string.Concat(Enumerable.Repeat("</a>", 100_000));

        Assert.False(SafeXml.TryParse(text, XmlLimits.Message, out _, out var why));
        Assert.Contains("deeper", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused() => Assert.False(SafeXml.TryParse([0x3C, 0x61, 0xFF, 0x3E], XmlLimits.Message, out _, out _));

    [Fact]
    public void Metadata_may_have_comments() => Assert.True(SafeXml.TryParse("<a><!-- note --></a>", XmlLimits.Metadata, out _, out _));
}
