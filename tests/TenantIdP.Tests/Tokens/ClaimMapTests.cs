using TenantIdP.Core.Tokens;
using Xunit;

namespace TenantIdP.Tests.Tokens;

public sealed class ClaimMapTests
{
    private static readonly IReadOnlyList<TokenClaim> Claims =
    [
        new("sub", "usr_1", TokenKinds.Both), new("org_id", "org_1", TokenKinds.Both), new("org_name", "acme", TokenKinds.Both), new("org_display_name", "Acme", TokenKinds.Id),
        new("roles", new[] { "billing", "member", "admin" }, TokenKinds.Both), new("permissions", new[] { "invoices:read" }, TokenKinds.Access), new("email", "ann@example.com", TokenKinds.Id),
    ];

    private static TokenClaim? Map(ClaimRule rule, IReadOnlyList<TokenClaim>? claims = null) => ClaimMap.Apply(claims ?? Claims, [rule]).SingleOrDefault(c => c.Name == rule.Claim);

    [Fact]
    public void A_value_appears_under_another_name_only_where_it_is_anyway()
    {
        Assert.Equal(new TokenClaim("https://acme.com/org", "org_1", TokenKinds.Both), Map(new ClaimRule("https://acme.com/org", ClaimSource.OrgId)));
        Assert.Equal(new TokenClaim("tenant", "acme", TokenKinds.Access), Map(new ClaimRule("tenant", ClaimSource.OrgName, [ClaimToken.Access])));
        Assert.Equal(TokenKinds.Id, Map(new ClaimRule("mail", ClaimSource.Email))!.Kinds); // mapped
        Assert.Null(Map(new ClaimRule("mail", ClaimSource.Email, [ClaimToken.Access])));
        Assert.Null(Map(new ClaimRule("perms", ClaimSource.Permissions, [ClaimToken.Id])));
        Assert.Null(Map(new ClaimRule("given", ClaimSource.GivenName))); // its scope was not granted
        Assert.Equal(Claims, ClaimMap.Apply(Claims, []));
        Assert.Equal(Claims, ClaimMap.Apply(Claims, [new("mine", ClaimSource.OrgId)]).Take(Claims.Count)); // nothing is taken away
    }

    [Fact]
    public void The_role_as_a_text_is_the_foremost_one()
    {
        Assert.Equal("admin", Map(new ClaimRule("role", ClaimSource.Role))!.Value); // mapped
        Assert.Equal("billing", Map(new ClaimRule("role", ClaimSource.Role), [new("roles", new[] { "billing" }, TokenKinds.Both)])!.Value); // as above
        Assert.Null(Map(new ClaimRule("role", ClaimSource.Role), [new("roles", Array.Empty<string>(), TokenKinds.Both)]));
    }

    [Theory]
    [Trait("Attack", "D9")]
    [InlineData("sub")]
    [InlineData("aud")]
    [InlineData("iss")]
    [InlineData("SCOPE")]
    [InlineData("client_id")]
    [InlineData("org_id")]
    [InlineData("permissions")]
    [InlineData("email")]
    [InlineData("act")]
    [InlineData("oi_au_id")]
    [InlineData("OI_tkn_id")]
    public void A_claim_that_has_a_meaning_is_reserved_also_when_it_got_into_the_store(string claim)
    {
        Assert.Equal(ClaimMap.Reserved, ClaimMap.Check([new(claim, ClaimSource.OrgId)]).Error);
        Assert.Equal(Claims, ClaimMap.Apply(Claims, [new(claim, ClaimSource.OrgId)]));
    }

    [Fact]
    public void A_map_has_twenty_rules_each_for_another_claim()
    {
        ClaimRule[] many = [.. Enumerable.Range(0, 20).Select(i => new ClaimRule($"c{i}", ClaimSource.OrgId))];

        Assert.True(ClaimMap.Check(many).IsOk);
        Assert.Equal(ClaimMap.Invalid, ClaimMap.Check([.. many, new("one_more", ClaimSource.OrgId)]).Error);
        Assert.Equal(ClaimMap.Invalid, ClaimMap.Check([new("c", ClaimSource.OrgId), new("c", ClaimSource.Roles)]).Error);
        Assert.Equal(ClaimMap.Invalid, ClaimMap.Check([new("c", ClaimSource.OrgId, [])]).Error);
        Assert.Equal(ClaimMap.Invalid, ClaimMap.Check([new("c", (ClaimSource)99)]).Error);
        foreach (var name in new[] { "", "a b", "a\"b", "a\\b", "ü", new string('x', 101) }) Assert.Equal(ClaimMap.Invalid, ClaimMap.Check([new(name, ClaimSource.OrgId)]).Error);
    }
}
