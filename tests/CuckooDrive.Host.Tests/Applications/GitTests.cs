namespace CuckooDrive.Host.Tests.Applications;

/// <summary>git: many small files, renames of lock files, memory-mapped packs, hard links of a local clone.</summary>
public sealed class GitTests
{
    /// <summary>
    /// Makes a repository of $1 folders (at least 10) of 40 files, which differ in length and are told apart by their names, works
    /// on it, clones it, and prints its head.
    /// </summary>
    internal const string Work = """
        git init -q -b main repo
        cd repo
        git config user.name Tester
        git config user.email tester@example.org
        git config gc.auto 0
        for folder in $(seq "$1"); do
          mkdir -p "src/$folder/deep"
          for file in $(seq 40); do
            printf 'file %d of folder %d\n%.*s\n' "$file" "$folder" $((file * folder)) "$(printf '%02000d' "$file")" > "src/$folder/deep/$file.txt"
          done
        done
        git add .
        git commit -q -m first
        [ "$(git ls-files | wc -l)" = $((40 * $1)) ] || fail "git ls-files: $(git ls-files | wc -l)"
        git checkout -q -b work
        for folder in $(seq 10); do
          git mv "src/$folder" "src/moved-$folder"
          echo changed >> "src/moved-$folder/deep/7.txt"
          chmod +x "src/moved-$folder/deep/8.txt"
          ln -s ../moved-1/deep/9.txt "src/moved-$folder/link"
          rm "src/moved-$folder/deep/10.txt"
        done
        git add -A
        git commit -q -m second
        git checkout -q main
        [ -z "$(git status --porcelain)" ] || fail "main is not clean"
        git merge -q --no-ff -m third work
        git gc -q --aggressive --prune=now
        git fsck --full --strict
        cd ..
        git clone -q repo linked
        git clone -q --no-local repo copied
        for clone in linked copied; do
          git -C "$clone" fsck --full --strict
          git -C "$clone" checkout -q HEAD~1
          git -C "$clone" checkout -q main
          [ -z "$(git -C "$clone" status --porcelain)" ] || fail "$clone is not clean"
          diff -r --no-dereference --exclude=.git repo "$clone"
        done
        git -C repo rev-parse HEAD
        """;

    /// <summary>Verifies what <see cref="Work"/> left; $1 is the head that it printed.</summary>
    internal const string Verify = """
        for repository in repo linked copied; do
          [ "$(git -C "$repository" rev-parse HEAD)" = "$1" ] || fail "$repository lost its head"
          git -C "$repository" fsck --full --strict
          # Without its index git must read every file again.
          rm "$repository/.git/index"
          git -C "$repository" reset -q
          [ -z "$(git -C "$repository" status --porcelain)" ] || fail "$repository is not clean"
        done
        diff -r --no-dereference --exclude=.git repo linked
        diff -r --no-dereference --exclude=.git repo copied
        """;

    [Fact]
    public async Task A_repository_of_2000_files_survives_commit_branch_gc_clone_and_a_remount()
    {
        Shell.Require("git");
        await using var drive = await ApplicationDrive.CreateAsync();

        var head = await Shell.RunAsync(drive.MountPoint, Work, "50");

        await drive.VerifyAsync(Verify, head.Trim());
    }
}
