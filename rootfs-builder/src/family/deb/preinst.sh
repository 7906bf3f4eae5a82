# Runs the preinst of each package given as an argument, the way dpkg does for a first installation:
# from tmp.ci, where tools such as debconf look for the package that a script belongs to.
# $1 is the native architecture, $2 dpkg's version; the packages follow.
set -u
native=$1
running=$2
shift 2
cd /var/lib/dpkg || exit
for package; do
    name=${package%%:*}
    arch=$native
    case $package in *:*) arch=${package##*:} ;; esac
    echo "Preparing $package"
    mv "staged/$package" tmp.ci || exit
    DPKG_MAINTSCRIPT_PACKAGE=$name DPKG_MAINTSCRIPT_ARCH=$arch DPKG_MAINTSCRIPT_NAME=preinst \
        DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 DPKG_MAINTSCRIPT_DEBUG=0 DPKG_RUNNING_VERSION=$running \
        DPKG_ADMINDIR=/var/lib/dpkg DPKG_ROOT= \
        /var/lib/dpkg/tmp.ci/preinst install </dev/null || {
        echo "osb: preinst of $package: exit status $?" >&2
        exit 1
    }
    rm -rf tmp.ci
done
rmdir staged
