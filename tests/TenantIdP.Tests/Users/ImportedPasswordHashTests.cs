using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Users;

[Collection(SqliteHost.Name)]
public sealed class ImportedPasswordHashTests(SqliteIdp host)
{
    private readonly IPasswordHashing hashing = host.Services.GetRequiredService<IPasswordHashing>();

    public const string Password = "correct horse battery staple";

    /// <summary>Made by PHP's password_hash, by glibc's crypt and by Python's hashlib.</summary>
    public static TheoryData<string, PasswordAlgorithm> Made => new()
    {
        { "$2y$05$cUvqGC2G4bF.Ehrx.SuLlOzkNCz85xUP7OAVhjnzPGbCl6UeHKPMm", PasswordAlgorithm.Bcrypt },
        { "$2a$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG", PasswordAlgorithm.Bcrypt },
        { "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG", PasswordAlgorithm.Bcrypt },
        { "$argon2id$v=19$m=1024,t=2,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c", PasswordAlgorithm.Argon2id },
        { "$argon2id$v=19$m=2048,t=3,p=2$VVI4aTBLSW4xUmhNOHZWdQ$ebFOczB1sBv8wrYz8R6t5T2zvk/kwzKJJYRDIQq9psc", PasswordAlgorithm.Argon2id },
        { "pbkdf2_sha256$1000$Q9sDzq0mVn1k$+wNUyx27pae5c0Itt6UZ8Sl5tXSB6KTDcLAA66IiXyA=", PasswordAlgorithm.Pbkdf2Sha256 },
        { "$pbkdf2-sha256$i=1200$AAECAwQFBgcICQoLDA0ODw$cLVC0OlPTMXgGyBMMbYG/8206mrFiQxMhfuNGhvDUsM", PasswordAlgorithm.Pbkdf2Sha256 },
        { "$pbkdf2-sha512$1300$.//7//v/.//7//v/.//7/w$TUu63EeYi9X38hzTgFrV7nyHs42pylfH4W8oaJI9nw0HnCNqSdCIwfA3fStPfL60Jh/6F0D3r4MSE9wcocBzoQ", PasswordAlgorithm.Pbkdf2Sha512 },
        { "AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg/Z+V9lwt+dKF0miCMAylvinj7VAFVmY4NcTGLicFFQIg==", PasswordAlgorithm.AspNetIdentity },
        { "AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg+HNphercic/uMU10oVOJcFooxzoeSLoVHx/CnyVEI1LA==", PasswordAlgorithm.AspNetIdentity },
    };

    [Theory]
    [MemberData(nameof(Made))]
    public void A_hash_of_another_program_is_checked_as_that_program_does_and_is_to_be_made_anew(string hash, PasswordAlgorithm algorithm)
    {
        Assert.Equal(algorithm, ImportedPasswordHash.Parse(hash).Value!.Algorithm);
        Assert.Equal(PasswordCheck.RightButOld, hashing.Check(hash, Password));
        Assert.Equal(PasswordCheck.Wrong, hashing.Check(hash, Password + "r"));
        Assert.Equal(PasswordCheck.Wrong, hashing.Check(hash, ""));
    }

    [Fact]
    public void Bcrypt_reads_utf8_and_72_bytes_of_a_password()
    {
        const string umlauts = "$2y$04$37wT9C6UV8UvVfKJU.37TO0x9Jf4XCCdn5oCWn3CRgPZYIEIfAgnO";
        const string eighty = "$2y$04$wEAmKpBhM/zjUB4pC734gup9kdNP3L1HiOQQ4Z.e6HRxPNA7qOq.y";

        Assert.Equal(PasswordCheck.RightButOld, hashing.Check(umlauts, "pässwörd mit Umlauten"));
        Assert.Equal(PasswordCheck.Wrong, hashing.Check(umlauts, "password mit Umlauten"));
        Assert.Equal(PasswordCheck.RightButOld, hashing.Check(eighty, new string('a', 80)));
        Assert.Equal(PasswordCheck.RightButOld, hashing.Check(eighty, new string('a', 72) + "another end"));
        Assert.Equal(PasswordCheck.Wrong, hashing.Check(eighty, new string('a', 71)));
    }

    [Theory]
    [Trait("Attack", "G5")]
    [InlineData("$2y$15$cUvqGC2G4bF.Ehrx.SuLlOzkNCz85xUP7OAVhjnzPGbCl6UeHKPMm")]
    [InlineData("$2y$31$cUvqGC2G4bF.Ehrx.SuLlOzkNCz85xUP7OAVhjnzPGbCl6UeHKPMm")]
    [InlineData("$argon2id$v=19$m=262145,t=2,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=999999999,t=999999999,p=999999999$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=1024,t=11,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=1024,t=1,p=9$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("pbkdf2_sha256$2000001$Q9sDzq0mVn1k$+wNUyx27pae5c0Itt6UZ8Sl5tXSB6KTDcLAA66IiXyA=")]
    [InlineData("$pbkdf2-sha256$i=999999999$AAECAwQFBgcICQoLDA0ODw$cLVC0OlPTMXgGyBMMbYG/8206mrFiQxMhfuNGhvDUsM")]
    [InlineData("AQAAAAJ3NZQAAAAAEAABAgMEBQYHCAkKCwwNDg94eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA==")]
    public void A_hash_that_would_take_long_to_check_is_refused(string hash)
    {
        Assert.Equal(ImportErrors.HashTooCostly, ImportedPasswordHash.Parse(hash).Error);
        AssertIsNeverChecked(hash);
    }

    [Theory]
    [Trait("Attack", "G5")]
    [InlineData("")]
    [InlineData("plain text")]
    [InlineData("5f4dcc3b5aa765d61d8327deb882cf99")]
    [InlineData("$1$abcdefgh$abcdefghijklmnopqrstuv")]
    [InlineData("$2x$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG")]
    [InlineData("$2a$4$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG")]
    [InlineData("$2a$04$abcdefghijklmnopqrstuv7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG")] // bits beyond the salt
    [InlineData("$2a$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CH")] // bits beyond the digest
    [InlineData("$2a$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG\n")]
    [InlineData("$argon2i$v=19$m=1024,t=2,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=16$m=1024,t=2,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=1024,t=0,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=8,t=1,p=2$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=1024,t=2,p=1$OEtI$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=1024,t=2,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY")]
    [InlineData("$argon2id$v=19$m=-1,t=2,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("$argon2id$v=19$m=99999999999,t=2,p=1$OEtIbFJBQUF3c0g1bEFhZw$yHJY/CYvzkapQClocGleNM5U4on1pCyo7D8EoH4xp0c")]
    [InlineData("pbkdf2_sha256$0$Q9sDzq0mVn1k$+wNUyx27pae5c0Itt6UZ8Sl5tXSB6KTDcLAA66IiXyA=")]
    [InlineData("pbkdf2_sha256$1000$Q9sDzq0mVn1k$not base64")]
    [InlineData("pbkdf2_sha1$1000$Q9sDzq0mVn1k$+wNUyx27pae5c0Itt6UZ8Sl5tXSB6KTDcLAA66IiXyA=")]
    [InlineData("$pbkdf2-sha256$i=1200$A$cLVC0OlPTMXgGyBMMbYG/8206mrFiQxMhfuNGhvDUsM")]
    [InlineData("AAABAgMEBQYHCAkKCwwNDg8A6b+Q5v/5gBndnBKiBiA27187WD3zrXpRRPbHcnNx7A==")] // version 2
    [InlineData("AQAAAAMAACcQAAAAEAABAgMEBQYHCAkKCwwNDg/Z+V9lwt+dKF0miCMAylvinj7VAFVmY4NcTGLicFFQIg==")] // an unknown function
    [InlineData("AQAAAAEAACcQ/////wABAgMEBQYHCAkKCwwNDg/Z+V9lwt+dKF0miCMAylvinj7VAFVmY4NcTGLicFFQIg==")] // a salt longer than the text
    [InlineData("AQAAAAEAACcQAAAAEA==")]
    public void What_is_no_hash_is_refused(string hash)
    {
        Assert.Equal(ImportErrors.HashInvalid, ImportedPasswordHash.Parse(hash).Error);
        if (ImportedPasswordHash.IsForeign(hash)) AssertIsNeverChecked(hash);
    }

    [Fact]
    public void A_hash_longer_than_its_column_is_refused() =>
        Assert.Equal(ImportErrors.HashInvalid, ImportedPasswordHash.Parse("pbkdf2_sha256$1000$abc$" + new string('A', ImportedPasswordHash.MaxLength)).Error);

    /// <summary>Even one that lies in the store is answered with no, at once.</summary>
    private void AssertIsNeverChecked(string hash)
    {
        if (!ImportedPasswordHash.IsForeign(hash)) return;
        var began = Stopwatch.GetTimestamp();
        Assert.Equal(PasswordCheck.Wrong, hashing.Check(hash, Password));
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1));
    }
}
