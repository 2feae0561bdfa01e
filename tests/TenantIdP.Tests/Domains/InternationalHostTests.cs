using TenantIdP.Core.Kernel;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>Names in other scripts: run as they are by this process, and once more by one without the tables of languages (<see cref="InvariantHostTests"/>).</summary>
[Trait("Attack", "B8")]
public sealed class InternationalHostTests
{
    internal const string Expected = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT";

    [Fact]
    public void This_process_knows_languages_unless_it_was_told_not_to() => Assert.Equal(Environment.GetEnvironmentVariable(Expected) != "1", HostScript.KnowsLanguages);

    [Theory]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("BÜCHER.Example", "xn--bcher-kva.example")]
    [InlineData("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("XN--BCHER-KVA.example", "xn--bcher-kva.example")]
    [InlineData("straße.example", "xn--strae-oqa.example")]
    [InlineData("παράδειγμα.example", "xn--hxajbheg2az3al.example")]
    [InlineData("ΠΑΡΆΔΕΙΓΜΑ.example", "xn--hxajbheg2az3al.example")]
    [InlineData("пример.example", "xn--e1afmkfd.example")]
    [InlineData("日本語.jp", "xn--wgv71a119e.jp")]
    [InlineData("acme。example", "acme.example")]
    [InlineData("Acme.EXAMPLE", "acme.example")]
    public void One_name_has_one_form_in_every_process(string text, string ascii) => Assert.Equal(ascii, HostName.Parse(text).Value);

    [Theory]
    [InlineData("bu\u0308cher.example", "xn--bcher-kva.example")]
    [InlineData("ａcme.example", "acme.example")]
    [InlineData("①acme.example", "1acme.example")]
    [InlineData("ﬁ.example", "fi.example")]
    [InlineData("\u00ADacme.example", "acme.example")]
    [InlineData("İstanbul.example", "xn--istanbul-o0e.example")]
    [InlineData("ſ.example", "s.example")]
    [InlineData("a\u0301\u0300.example", "xn--1ca00i.example")]
    public void What_needs_folding_is_folded_or_refused_and_never_another_host(string text, string ascii)
    {
        Assert.Equal(HostScript.KnowsLanguages, HostName.TryParse(text, out var host));
        if (HostScript.KnowsLanguages) Assert.Equal(ascii, host.Value);
    }

    [Theory]
    [InlineData("xn--zzzzzz.example")]
    [InlineData("xn--a.example")]
    [InlineData("xn--.example")]
    [InlineData("xn--acme-.example")] // a second name of acme
    [InlineData("ex\u200Dample.example")]
    [InlineData("a\u202Eb.example")]
    [InlineData("a..example")]
    [InlineData("-a.example")]
    [InlineData("a_b.example")]
    [InlineData("a\0b.example")]
    [InlineData("\uD800.example")]
    [InlineData("a b.example")]
    [InlineData("10.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("1.2.3")]
    [InlineData("[::1]")]
    [InlineData("localhost")]
    [InlineData("com.")]
    public void What_is_no_name_is_refused(string text) => Assert.False(HostName.TryParse(text, out var host), host.Value);

    [Theory]
    [InlineData("bücher.example", false)]
    [InlineData("пример.example", false)]
    [InlineData("日本語.jp", false)]
    [InlineData("acme.example", false)]
    [InlineData("аcme.com", true)] // the first letter is Cyrillic
    [InlineData("раура.com", true)] // all of them are
    [InlineData("αρρle.com", true)]
    [InlineData("ορ.com", true)]
    public void A_name_that_looks_like_another_is_flagged(string text, bool looksAlike)
    {
        var host = HostName.Parse(text);

        Assert.Equal(looksAlike, HostScript.LooksLikeAnother(host));
        Assert.Equal(text, host.ToUnicode());
    }
}
